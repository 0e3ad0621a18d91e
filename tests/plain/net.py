"""A network as anybody would write it: it knows nothing of this project."""

from torch import nn
from torch.nn.functional import relu


class SmallNet(nn.Module):
    """A convolution with BatchNorm, Dropout and two linear layers, for images of 8 x 8 pixels."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(0.2)
        self.hidden = nn.Linear(8 * 4 * 4, 32)
        self.last = nn.Linear(32, 10)

    def forward(self, images):
        outputs = self.pool(relu(self.norm(self.conv(images)))).flatten(1)
        return self.last(relu(self.hidden(self.dropout(outputs))))

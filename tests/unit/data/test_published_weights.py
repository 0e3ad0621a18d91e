"""Weights that torchvision publishes: their names, their addresses, their files."""

import inspect

import pytest
import torch

from prunescape.data import published_weights
from prunescape.data.published_weights import Named
from tests.helpers import publishing, servers

STATE = {"conv.weight": torch.arange(6.0).view(2, 3), "conv.bias": torch.ones(2)}
NAME, CONTENT = publishing.file(STATE)


@pytest.fixture
def server():
    with servers.running({NAME: CONTENT}) as server:
        yield server


@pytest.fixture
def publish(server, monkeypatch):
    return lambda folder: publishing.publish(monkeypatch, f"{server.address(folder)}{NAME}")


@pytest.mark.parametrize(
    ("named", "found", "path"),
    [
        ("torchvision:resnet18", ("resnet18", ""), "resnet18.safetensors"),
        ("torchvision:vit_b_16/SWAG_V1", ("vit_b_16", "SWAG_V1"), "vit_b_16-SWAG_V1.safetensors"),
    ],
)
def test_a_name_says_where_its_weights_lie(named, found, path):
    assert published_weights.split(named) == Named(*found)
    assert published_weights.path(Named(*found)) == f"data/torchvision-weights/{path}"
    assert published_weights.name(path.removesuffix(".safetensors")) == named


@pytest.mark.parametrize(
    "path", ["one.safetensors", "torchvision:a/b.safetensors", "torchvision:a()", "torchvision:"]
)
def test_what_is_no_such_name_is_a_path(path):
    assert published_weights.split(path) is None


@pytest.mark.parametrize("named", ["torchvision:net", "torchvision:net/FIRST"])
def test_they_are_fetched_and_checked(publish, tmp_path, named):
    publish("good")
    path = published_weights.download(named, tmp_path / "new" / "folder")
    assert (path.name, path.read_bytes()) == (f"{NAME}.part", CONTENT)


def test_what_came_before_is_gone_on_with(publish, server, tmp_path):
    publish("good")
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:100])
    assert published_weights.download("torchvision:net", tmp_path).read_bytes() == CONTENT
    assert server.asked == [("good", NAME, "bytes=100-")]


@pytest.mark.parametrize(
    ("folder", "what"),
    [("corrupt", f"{NAME} has not the SHA256 {NAME[4:12]}"), ("absent", "HTTP Error 404")],
)
def test_others_and_absent_ones_are_a_line_with_the_way_out(
    publish, server, tmp_path, folder, what
):
    publish(folder)
    with pytest.raises(ValueError, match=what) as raised:
        published_weights.download("torchvision:net", tmp_path)
    line = str(raised.value)
    assert line.startswith(f"{server.address(folder)}{NAME}: {what}")
    assert "; where it can be reached, `python tools/convert.py torchvision:net NEW" in line
    assert "\n" not in line
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_a_line(monkeypatch, tmp_path):
    publishing.publish(monkeypatch, f"http://127.0.0.1:9/{NAME}")
    with pytest.raises(ValueError, match=f"^http://127.0.0.1:9/{NAME}: .*refused.*; where it can"):
        published_weights.download("torchvision:net", tmp_path)


def test_a_file_without_a_checksum_is_not_taken(monkeypatch, tmp_path):
    publishing.publish(monkeypatch, "http://127.0.0.1:9/net.pth")
    with pytest.raises(ValueError, match=r"net\.pth: its name has no checksum"):
        published_weights.download("torchvision:net", tmp_path)


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ("torchvision:resnet81", "torchvision has no model 'resnet81'"),
        ("torchvision:resnet18/OLD", "found weights 'OLD'; allowed: IMAGENET1K_V1"),
    ],
)
def test_a_model_that_nobody_published_is_one_line(tmp_path, named, what):
    with pytest.raises(ValueError, match=what):
        published_weights.download(named, tmp_path)


def test_all_have_a_checksum_and_the_classes_of_imagenet():
    models = publishing.torchvision.models
    published = {
        (model, weights.name): weights
        for model in models.list_models(module=models)
        for weights in models.get_model_weights(model)
    }
    assert len(published) > 100
    for (model, _), weights in published.items():
        assert published_weights.CHECKSUM.search(weights.url), weights.url
        classes = weights.meta["categories"]  # none of weights without a last layer
        assert classes is None or len(classes) == published_weights.CLASSES, model
    assert not {model for model, _ in published} ^ set(models.list_models(module=models))


def test_models_that_scale_their_input_anew_are_known():
    """Their builders turn it on with published weights alone."""
    models = publishing.torchvision.models
    turned = {
        model
        for model in models.list_models(module=models)
        if '"transform_input"' in inspect.getsource(inspect.unwrap(models.get_model_builder(model)))
    }
    assert turned == set(published_weights.TURNED)

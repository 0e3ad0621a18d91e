import pytest

from prunescape.data import layouts


def files(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")
    return root


def found(root):
    layout = layouts.class_folders(root)
    roots = {part: str(folder.relative_to(root)) for part, folder in layout.roots.items()}
    return roots, layout.classes


def test_class_folders_of_any_name(tmp_path):
    files(tmp_path, "train/1.png", "bus/1.png", "test/1.png")
    assert found(tmp_path) == ({"train": "."}, ["bus", "test", "train"])


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("train", "val", "test"), {"train", "validation", "test"}),
        (("Train", "VALID", "Testing"), {"train", "validation", "test"}),
        (("training", "validation"), {"train", "validation"}),
        (("train", "test"), {"train", "test"}),
        (("train",), {"train"}),
        (("val", "test"), {"validation", "test"}),
    ],
)
@pytest.mark.parametrize("wrap", ["", "all/", "a/b/"])
def test_parts_that_have_class_folders(tmp_path, names, parts, wrap):
    paths = [f"{wrap}{name}/{label}/1.png" for name in names for label in "ab"]
    files(tmp_path, *paths, "__MACOSX/x/y/._1.png", f"{wrap}desktop.ini", f"{wrap}README.md")
    roots, classes = found(tmp_path)
    assert set(roots) == parts
    assert classes == ["a", "b"]
    assert roots[next(part for part in ("train", "validation") if part in parts)] == (
        f"{wrap}{names[0]}"
    )
    assert layouts.class_folders(tmp_path).left_alone == [tmp_path / f"{wrap}README.md"]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["1.png", "2.png"], "1.png, .*2.png: beside the class folders, expected a folder of pic"),
        (["notes.txt"], "no folders in it, expected a folder of pictures for each class"),
        (["train/1.png", "test/1.png"], "test, .*train: no class folders in it"),
        (["train/a/1.png", "test/1.png"], "test: no class folders in it"),
        (["a/train/1.png", "b/train/1.png"], "a/train, .*b/train: folders in folders"),
        (["train/a/1.png", "more/a/1.png"], "more: beside train"),
        (["val/a/1.png", "valid/a/1.png", "train/a/1.png"], "two names of one part"),
        (
            ["train/a/1.png", "train/b/1.png", "test/c/1.png"],
            "test/c: a class that .*train doesn't",
        ),
        (
            ["val/a/1.png", "val/b/1.png", "test/c/1.png"],
            "test/c: a class that .*val doesn't",
        ),
        (["a/1.png", "b/2/1.png"], "b/2: folders in folders"),
        ([f"{n}.png" for n in range(9)], "4.png and 4 more: beside"),
    ],
)
def test_other_layouts_are_described(tmp_path, paths, message):
    files(tmp_path, *paths)
    with pytest.raises(ValueError, match=message):
        layouts.class_folders(tmp_path)


def test_files_of_systems_do_not_count(tmp_path):
    files(
        tmp_path, "a/1.png", "a/Thumbs.db", "a/.DS_Store", "__MACOSX/a/1.png", ".git/x", "b/2.txt"
    )
    assert [str(path.relative_to(tmp_path)) for path in layouts.walk(tmp_path)] == [
        "a/1.png",
        "b/2.txt",
    ]


def test_links_are_followed_but_not_round(tmp_path):
    files(tmp_path / "elsewhere", "1.png")
    files(tmp_path / "mine", "a/2.png")
    (tmp_path / "mine/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "mine/a/round").symlink_to(tmp_path / "mine")
    there = [str(path.relative_to(tmp_path / "mine")) for path in layouts.walk(tmp_path / "mine")]
    assert there == ["a/2.png", "b/1.png"]

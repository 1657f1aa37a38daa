# SPDX-License-Identifier: Apache-2.0
"""The face detector, on a portrait that scikit-image carries."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError, ModelStopped
from edge.frame import Frame
from edge.look import Face
from edge.settings import FacesSettings, TrustSettings
from edge.testing import BARE, ScriptedClassifier, ScriptedDetector, face_at
from edge.vision import MODELS, Vision, open_faces
from edge.vision.bundle import load_bundle


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    from skimage.data import astronaut

    return np.asarray(cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR), np.uint8)


SETTINGS = FacesSettings()


def test_one_face_with_its_landmarks_in_order(portrait: NDArray[np.uint8]) -> None:
    face, = open_faces(SETTINGS).find(portrait)
    assert face.box.centre == pytest.approx((224, 118), abs=12)
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]     # the person's right is our left
    assert right_eye[1] < nose[1] < right_mouth[1]
    assert right_mouth[0] < left_mouth[0]
    assert 0.6 <= face.score <= 1


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(portrait: NDArray[np.uint8], scale: float) -> None:
    picture = np.asarray(cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    face, = open_faces(SETTINGS).find(picture)
    assert [value / scale for value in face.box.centre] == pytest.approx((224, 118), abs=12)


def test_the_cameras_own_smaller_picture_may_be_searched_instead(portrait: NDArray[np.uint8]) -> None:
    smaller = np.asarray(cv2.resize(portrait, (320, 320), interpolation=cv2.INTER_AREA), np.uint8)
    nothing = np.zeros_like(portrait)   # so that it is surely not this one that is searched
    assert open_faces(SETTINGS).find(nothing, smaller)[0].box.centre == pytest.approx((224, 118), abs=12)


def test_vision_hands_the_cameras_smaller_picture_to_the_detector(portrait: NDArray[np.uint8]) -> None:
    class Detector(ScriptedDetector):
        def find(self, image: NDArray[np.uint8], smaller: NDArray[np.uint8] | None = None) -> list[Face]:
            assert smaller is small
            return super().find(image, smaller)

    small = portrait[::2, ::2]
    assert len(Vision(Detector([[face_at(20, 20)]]), ScriptedClassifier([[BARE]]), TrustSettings()).look(Frame(portrait, 0, 0, small=small))) == 1


def test_pictures_of_changing_shape_are_searched_by_one_detector(portrait: NDArray[np.uint8]) -> None:
    faces = open_faces(SETTINGS)
    wide = np.asarray(cv2.copyMakeBorder(portrait, 0, 0, 100, 200, cv2.BORDER_CONSTANT), np.uint8)
    assert len(faces.find(portrait)) == len(faces.find(wide)) == len(faces.find(portrait)) == 1


def test_range_is_a_size_a_region_and_a_number(portrait: NDArray[np.uint8]) -> None:
    def found(**changes: object) -> int:
        return len(open_faces(replace(SETTINGS, **changes)).find(portrait))  # type: ignore[arg-type]

    assert found(min_face_px=150.0) == 0
    assert found(region=(0.5, 0.0, 0.5, 1.0)) == 0
    assert found(region=(0.2, 0.0, 0.5, 0.5)) == 1
    two = np.hstack([portrait, portrait])
    assert len(open_faces(SETTINGS).find(two)) == 2
    assert len(open_faces(replace(SETTINGS, max_faces=1)).find(two)) == 1


def test_a_box_beyond_measure_is_no_face() -> None:
    class Net:
        def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 as OpenCV calls it
            pass

        def detect(self, image: NDArray[np.uint8]) -> tuple[int, NDArray[np.float32]]:
            rows = [[160 - side / 2, 120 - side / 2, side, side, *[150.0] * 10, 0.9] for side in (60, 600, 700, 2e9)]
            return 1, np.array(rows, np.float32)

    faces = open_faces(FacesSettings())
    faces._net = Net()
    assert [face.box.w for face in faces.find(np.zeros((480, 640, 3), np.uint8))] == [1200, 120]


def test_a_picture_at_which_opencv_fails_is_told_and_not_a_traceback() -> None:
    faces = open_faces(FacesSettings())
    with pytest.raises(ModelStopped, match="cannot run the face detector on a picture of 320 x 240: "):
        faces.find(np.zeros((480, 640, 4), np.uint8))  # OpenCV takes three channels


def test_an_empty_picture_has_no_face() -> None:
    assert open_faces(SETTINGS).find(np.zeros((480, 640, 3), np.uint8)) == []


def bad_files(folder: Path) -> list[Path]:
    truncated, text, classifier = folder / "truncated.onnx", folder / "text.onnx", folder / "classifier.onnx"
    data = (MODELS / "face.onnx").read_bytes()
    truncated.write_bytes(data[:len(data) // 2])
    text.write_text("version https://git-lfs.github.com/spec/v1\n")
    classifier.write_bytes(another_network())
    other = folder / "mask.tflite"
    other.write_bytes((MODELS / "mask.tflite").read_bytes())
    return [truncated, text, classifier, other, folder / "missing.onnx"]


def test_a_damaged_file_is_refused_before_opencv_sees_it(tmp_path: Path) -> None:
    for name in ("face.onnx", "SHA256SUMS"):
        (tmp_path / name).write_bytes((MODELS / name).read_bytes())
    path = tmp_path / "face.onnx"
    assert open_faces(replace(SETTINGS, model=str(path)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        open_faces(replace(SETTINGS, model=str(path)))


@pytest.mark.parametrize("line", ["oneword", "\udcff\udcff x", "MD5 (face.onnx) = 00", "see  face.onnx", "0" * 32 + "  face.onnx", "\0" * 80])
def test_a_list_of_checksums_of_another_making_says_nothing(tmp_path: Path, line: str) -> None:
    (tmp_path / "face.onnx").write_bytes((MODELS / "face.onnx").read_bytes())
    (tmp_path / "SHA256SUMS").write_bytes(line.encode(errors="surrogateescape") + b"\n")
    assert open_faces(replace(SETTINGS, model=str(tmp_path / "face.onnx")))


def test_a_detector_that_may_not_be_read_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "face.onnx"
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "device.onnx").symlink_to("/dev/zero")
    for name, said in (("folder.onnx", "cannot be read .*directory"), ("device.onnx", "a device or a pipe, expected a file"), ("a\0b.onnx", "cannot be read .*null (byte|character)")):
        with pytest.raises(ModelError, match=said):
            open_faces(replace(SETTINGS, model=str(tmp_path / name)))
    path.write_bytes((MODELS / "face.onnx").read_bytes())

    def refused(self: Path, mode: str) -> IO[bytes]:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ModelError, match=r"face\.onnx: cannot be read \(Permission denied\)"):
        open_faces(replace(SETTINGS, model=str(path)))


@pytest.mark.parametrize("kind", ["device", "pipe", "folder", "missing"])
def test_a_mask_model_that_could_be_read_for_ever_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mask.tflite"
    {"device": lambda: path.symlink_to("/dev/zero"), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir, "missing": lambda: None}[kind]()
    with pytest.raises(ModelError, match=r"Mask model .*mask\.tflite: " + ("no such file" if kind == "missing" else "cannot be read")):
        load_bundle(path)


def test_a_checksum_is_read_as_any_tool_writes_it(tmp_path: Path) -> None:
    data = (MODELS / "face.onnx").read_bytes()
    (tmp_path / "my face.onnx").write_bytes(data)
    settings = replace(SETTINGS, model=str(tmp_path / "my face.onnx"))
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(data).hexdigest().upper()} *my face.onnx\r\n", encoding="utf-8-sig")
    assert open_faces(settings)
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64} *my face.onnx\n")
    with pytest.raises(ModelError, match="damaged"):
        open_faces(settings)
    (tmp_path / "SHA256SUMS").unlink()
    (tmp_path / "SHA256SUMS").mkdir()
    with pytest.raises(ModelError, match="SHA256SUMS beside it cannot be read"):
        open_faces(settings)


def another_network() -> bytes:
    """An ONNX network that is fine, and no face detector."""
    from onnx import TensorProto, helper

    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 320, 320])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 3, 1, 1])
    graph = helper.make_graph([helper.make_node("GlobalAveragePool", ["input"], ["probabilities"])], "classifier", [picture], [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("which", [0, 1, 2, 3, 4])
def test_a_wrong_file_is_refused_with_what_a_detector_must_offer(tmp_path: Path, which: int, capfd: pytest.CaptureFixture[str]) -> None:
    path = bad_files(tmp_path)[which]
    with pytest.raises(ModelError) as raised:
        open_faces(replace(SETTINGS, model=str(path)))
    assert path.name in str(raised.value)
    assert which == 4 or "cls, obj, bbox and kps" in str(raised.value)
    assert "rror" not in capfd.readouterr().err      # OpenCV's own lines stay off the terminal


VERSIONS = {"4.11.0.86", "4.14.0.94", "5.0.0.93"}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_every_supported_opencv_finds_the_same_faces(version: str, portrait: NDArray[np.uint8], project: Path, tmp_path: Path) -> None:
    site = Path.home() / ".cache" / "maskgate" / f"opencv-{version}"
    if not (site / "cv2").is_dir():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), f"opencv-python-headless=={version}"],
                       check=True, timeout=300)
    np.save(tmp_path / "portrait.npy", portrait)
    code = (f"import sys; sys.path.insert(0, {str(site)!r})\nimport cv2, numpy as np, msgspec\n"
            "from edge.settings import FacesSettings; from edge.vision import open_faces\n"
            f"image = np.load({str(tmp_path / 'portrait.npy')!r})\n"
            "found = [[*f.box, f.score, *sum(f.landmarks, ())] for f in open_faces(FacesSettings()).find(image)]\n"
            "print(cv2.__version__, msgspec.json.encode(found).decode())")
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60, cwd=project)
    used, _, found = ran.stdout.partition(" ")
    assert version.startswith(used)
    import json

    here = [[*face.box, face.score, *sum(face.landmarks, ())] for face in open_faces(SETTINGS).find(portrait)]
    assert np.allclose(json.loads(found), here, atol=0.5)

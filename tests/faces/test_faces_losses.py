# SPDX-License-Identifier: Apache-2.0
"""What is learnt: from labels, from advisers beside them, from advisers alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from faces_keras import run

pytestmark = pytest.mark.slow


def test_cells_over_a_face_answer_for_it_and_not_for_one_to_be_left_alone() -> None:
    run("""
import tensorflow as tf
from trainer.faces.cells import flatten, inside
from trainer.faces.labels import Batch
from trainer.faces.targets import choose
maps = [tf.zeros((1, 128 // s, 128 // s, 16)) for s in (8, 16, 32)]
boxes = np.array([[[16, 16, 64, 64], [80, 80, 120, 120]]], np.float32)
flags = lambda *v: np.array([v], np.float32)
batch = Batch(None, boxes, np.zeros((1, 2, 10), np.float32), flags(1, 0), flags(0, 1), flags(0, 0), flags(0, 0))
cells = flatten(maps)
owner, answers = (x.numpy()[0] for x in choose(cells, batch, inside(cells, batch.boxes)))
assert 1 <= answers.sum() <= 10
assert (owner[answers] == 0).all()
centres = cells.centres.numpy()[answers]
assert (centres > 16).all() and (centres < 64).all()
""")


def test_a_few_steps_learn_one_face() -> None:
    run("""
import tensorflow as tf
from trainer.faces.labels import Batch
from trainer.faces.targets import losses
network = build(TINY); put_weights(network, TINY, random_weights(TINY, 1))
picture = np.zeros((1, 64, 64, 3), np.float32); picture[:, 16:48, 16:48] = 1
one = np.ones((1, 1), np.float32)
batch = Batch(picture, np.array([[[16, 16, 48, 48]]], np.float32), np.full((1, 1, 10), 32, np.float32), one, 0 * one, one, one)
optimiser = tf.keras.optimizers.Adam(0.01)
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.add_n(list(losses(network(picture), [], batch).values()))
    optimiser.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
    return loss
seen = [float(step()) for _ in range(40)]
assert seen[-1] < 0.5 * seen[0], seen
""")


def test_teachers_are_heard_where_they_see_the_face_itself_and_not_where_they_are_beside_it() -> None:
    run("""
import tensorflow as tf
from trainer.faces.labels import Batch
from trainer.faces.targets import losses
one = np.ones((1, 1), np.float32)
batch = Batch(None, np.array([[[48, 48, 80, 80]]], np.float32), np.zeros((1, 1, 10), np.float32), one, 0 * one, 0 * one, one)
def maps(row, column, logit, size=2.0, others=-9.0):
    found = [np.zeros((1, 128 // s, 128 // s, 16), np.float32) for s in (8, 16, 32)]
    for part in found:
        part[..., :2] = others
    found[1][0, row, column, :2] = logit
    found[1][0, :, :, 4:6] = np.log(size)
    return [tf.constant(part) for part in found]
def imitated(own, *teachers):
    return float(losses(own, list(teachers), batch)["imitate"])
teacher = maps(4, 4, 4.0)   # box 48 to 80, the face itself
assert imitated(maps(4, 4, 4.0), teacher) < imitated(maps(4, 4, 0.0), teacher) < imitated(maps(4, 4, -4.0), teacher)
beside = maps(4, 4, 4.0, size=6.0)   # sees a face, but a much larger one: its word on the place does not count
assert abs(imitated(maps(4, 4, 4.0), beside) - imitated(maps(4, 4, -4.0), beside)) < 1e-5
fooled = maps(1, 1, 4.0)    # a face where none is
assert abs(imitated(maps(1, 1, 4.0), fooled) - imitated(maps(1, 1, -4.0), fooled)) < 1e-5
doubtful = maps(1, 1, -1.0)
assert imitated(maps(1, 1, -1.0), doubtful) < imitated(maps(1, 1, -5.0), doubtful)
assert imitated(maps(4, 4, 1.0), maps(4, 4, 4.0), maps(4, 4, -2.0)) < imitated(maps(4, 4, 4.0), maps(4, 4, 4.0), maps(4, 4, -2.0))
# Believed in the labels' place:
def believed(own, *teachers):
    return float(losses(own, list(teachers), batch, True)["imitate"])
# Of two who see the face the surer is believed; who is beside it, however sure, is not.
assert believed(maps(4, 4, 4.0), maps(4, 4, 4.0), maps(4, 4, 0.5)) < believed(maps(4, 4, 2.0), maps(4, 4, 4.0), maps(4, 4, 0.5))
assert believed(maps(4, 4, 1.0), maps(4, 4, 1.0), maps(4, 4, 6.0, size=6.0)) < believed(maps(4, 4, 3.0), maps(4, 4, 1.0), maps(4, 4, 6.0, size=6.0))
# Nor who has a surer box beside it than any on it.
torn = maps(4, 4, 0.5)
torn[1] = tf.tensor_scatter_nd_update(torn[1], [[0, 3, 3, 0], [0, 3, 3, 1]], [4.0, 4.0])
assert abs(believed(maps(4, 4, 4.0), torn) - believed(maps(4, 4, -4.0), torn)) < 1e-5
# Under a face that is believed the labels are silent in the cells that do not answer, and its box is learnt there too.
def with_one(sure):
    own = maps(4, 4, 4.0)
    own[0] = tf.tensor_scatter_nd_update(own[0], [[0, 6, 9, 1]], [sure])
    return own
for adviser, silent in ((teacher, True), (torn, False)):
    low, high = (float(losses(with_one(sure), [adviser], batch, True)["obj"]) for sure in (-9.0, 2.0))
    assert (abs(low - high) < 1e-5) == silent
assert float(losses(maps(4, 4, 4.0), [teacher], batch, True)["box"]) != float(losses(maps(4, 4, 4.0), [torn], batch, True)["box"])
# On the ground it is the mean of what they say, and the labels are silent there.
wary, sure = maps(1, 1, -1.0), maps(1, 1, -3.0)
mean = maps(1, 1, -2.0)
assert abs(believed(maps(1, 1, -1.5), wary, sure) - believed(maps(1, 1, -1.5), mean)) < 1e-5
assert float(losses(maps(1, 1, -1.0), [wary], batch, True)["obj"]) == float(losses(maps(1, 1, 3.0), [wary], batch, True)["obj"])
# Ground that fools them is left to the labels.
assert abs(believed(maps(1, 1, 4.0), fooled) - believed(maps(1, 1, -4.0), fooled)) < 1e-5
assert float(losses(maps(1, 1, -1.0), [fooled], batch, True)["obj"]) < float(losses(maps(1, 1, 3.0), [fooled], batch, True)["obj"])
# So is a cell that lies under another face too, which they do not see.
two = np.ones((1, 2), np.float32)
both = Batch(None, np.array([[[48, 48, 80, 80], [56, 40, 126, 126]]], np.float32), np.zeros((1, 2, 10), np.float32), two, 0 * two, 0 * two, two)
def of_both(own):
    return float(losses(own, [teacher], both, True)["imitate"])
assert abs(of_both(maps(4, 4, 4.0)) - of_both(maps(4, 4, -4.0))) < 1e-5
assert of_both(maps(3, 3, 4.0)) != of_both(maps(3, 3, -4.0))   # under the face that they see, alone
assert "imitate" not in losses(teacher, [], batch)
""")


def test_a_copy_answers_as_its_advisers_do_together() -> None:
    run("""
import tensorflow as tf
from trainer.faces.copying import copy_losses
def maps(logit, size=2.0, at=0.0):
    found = [np.zeros((1, 128 // s, 128 // s, 16), np.float32) for s in (8, 16, 32)]
    for part in found:
        part[..., :2] = -9.0
    found[1][0, 4, 4, :2] = logit
    found[1][0, :, :, 4:6] = np.log(size)
    found[1][..., 6:] = at
    return [tf.constant(part) for part in found]
def lost(own, *advisers, parts=("cls", "obj"), share=0.4):
    return sum(float(copy_losses(own, list(advisers), share)[part]) for part in parts)
def best(*advisers, share=0.4):
    return min(np.arange(-3, 5.1, 0.25), key=lambda logit: lost(maps(logit), *advisers, share=share))
# The first counts for its share, the others for the rest in equal parts; nothing is learnt from labels, for there are none.
assert best(maps(-1.0), maps(4.0)) == 2.0
assert best(maps(4.0), maps(-1.0)) == 1.0
assert best(maps(4.0), maps(-1.0), share=0.6) == 2.0
assert best(maps(-1.0), maps(4.0), maps(1.5)) == 1.25
# Boxes and landmarks are those of the last one, where they see a face.
first, last = maps(3.0, 2.2, at=1.0), maps(3.0, 2.0, at=2.0)
for part in ("box", "points"):
    assert lost(last, first, last, parts=(part,)) < 1e-5 < lost(first, first, last, parts=(part,))
    assert lost(maps(-9.0, 3.0, at=5.0), maps(-9.0), maps(-9.0), parts=(part,)) == 0
""")


def test_an_adviser_shown_a_mirror_image_tells_of_the_picture_itself(project: Path) -> None:
    run("""
import tensorflow as tf
from skimage.data import astronaut
from trainer.faces.copying import look
from trainer.faces.cells import decode
from trainer.faces.onnx_file import read_onnx
plan, weights = read_onnx(Path(sys.argv[1]))
adviser = build(plan); put_weights(adviser, plan, weights)
picture = tf.constant(astronaut()[None, :384, 64:384, ::-1].astype(np.float32) / 255)
for stride, straight, turned in zip((8, 16, 32), look(adviser, picture, tf.constant(False)), look(adviser, picture, tf.constant(True))):
    assert np.allclose(straight, adviser(picture)[(8, 16, 32).index(stride)])
    assert not np.allclose(straight, turned, atol=0.1)
    sure = tf.reduce_max(straight[..., 1]) > 2
    if sure:
        row, column = np.unravel_index(np.argmax(straight[0, ..., 1]), straight.shape[1:3])
        assert turned[0, row, column, 1] > 2, "the face is seen in the same place"
        assert np.abs(decode(straight, stride)[0, row, column] - decode(turned, stride)[0, row, column]).max() < 12
        # Right stays right: were the sides not swapped back, eyes and corners of the mouth would be an eye distance off.
        points = [np.asarray(told)[0, row, column, 6:] * stride for told in (straight, turned)]
        assert np.abs(points[0] - points[1]).max() < 0.3 * abs(points[0][2] - points[0][0]), points
        found = stride
assert found
""", str(project / "edge/models/face.onnx"))

# SPDX-License-Identifier: Apache-2.0
"""Faces: trains, exports and measures the face detector that ships with MaskGate.

    plan.py       the architecture in numbers: which layers there are, their shapes, and how they are put together
    weights.py    the numbers that are learnt, as arrays
    network.py    the plan in Keras, for training
    onnx_file.py  the plan in ONNX, for cv2.FaceDetectorYN; reads weights back, also from the two published YuNets
    pictures.py   which pictures there are, and who may see them
    teachers.py   what three detectors find in them
    labelling.py  tables of faces out of that and of what people said; labels.py says how a table is laid out
    store.py      the pictures that scenes are made of, and which is shown next; scenes.py puts one training scene together
    cells.py      what a network says about a scene, cell by cell
    opinion.py    what other networks say about it, and where they are believed
    targets.py    what the network should say, and what it loses otherwise; copying.py: the same from other networks alone
    batches.py    scenes as the network learns them, made by a thread of its own
    training.py   network, optimiser and mean of the weights: what a step changes, and its state on disk
    fit.py        the training loop
    select.py     which saved step is exported
    detector.py   a detector file run by OpenCV
    measure.py    recall, false faces, precision; tables.py, clips.py, plots.py and card.py write them down
"""

# SPDX-License-Identifier: Apache-2.0
"""Data: from folders of other people's pictures to faces that the trainer can draw from.

    readers       one function a layout: class folders, split trees, Pascal VOC, YOLO, CSV boxes, MaskedFace-Net
    yolo_names    what YOLO's class numbers mean
    labels        the one table of what others call the three answers
    manifest      the list of samples as a CSV file, and its checks
    splits        train, val and test by group or by source, never by picture
    decode        a picture file as pixels, or what is wrong with it
    jpeg_end      whether a JPEG without an end mark has all its rows
    find          the face in a picture, by the unit's own detector
    cache         every face once, cut with room around it, as one array on disk
    check         duplicates, conflicts, empty classes; contact sheets
    overview      plots of how many of what, how large, how bright, how sharp
    table         rows and lines of files that somebody else wrote
    picture_file  what a command draws, written where it was told to
"""

# SPDX-License-Identifier: Apache-2.0
"""Door: judgement over time, from the looks of each frame to one decision.

    memory = Memory()
    for frame in camera.frames():
        memory, decision = step(memory, frame.t, looks, settings.door)
    last_passages = finish(memory, settings.door)

Pure code: no clock, no I/O, no thread, no numpy. All time is frame time, so a clip played fast gives the same states.
`tracks.py` tells who is who, `necks.py` finds what only looks like somebody, `verdict.py` judges each person, `policy.py` decides for the
door, and `state.py` holds the values that others read.

Each person has a verdict of their own, and the worst one in range is the state (violation > unsure > checking > passed):

| state     | when it comes                                                                                | relay, `refuse` |
|-----------|----------------------------------------------------------------------------------------------|-----------------|
| idle      | nobody in range for `gone_s`                                                                 | stays           |
| checking  | somebody's second look; nobody new walks through on another's green                          | stays           |
| unsure    | not judged after `unsure_after_s`, or passed and no trusted look for so long                 | stays           |
| passed    | `mask` at `pass_min` or more for `pass_after_s` (`amend_after_s` once reported)              | opens           |
| violation | `mask` below `stay_min` for `violate_after_s`; ends with a pass or by leaving, nothing else  | shuts           |

Passed and violation also take `looks_min` trusted looks that agree. Every state lasts at least `hold_s`, except that
violation comes at once.

Some finds are more likely a hand, a chin or the back of a head than a person. A face that was cut off by the frame in every look
counts as a person only after twice `unsure_after_s`, and so does one of which the classifier said nothing in any look at a poor
picture. Until then no lamp changes, but `refuse` opens for nobody. A face in a clear picture of which the classifier says nothing
is nobody at all.

Where the relay `stays`, it opens for nobody new; a door that was opened before stays open until its `relay_hold_s` is over. Mode
`remind` opens for whoever is there, mode `off` is always idle and always open. `fault` is set by the daemon, never here, and shuts
the relay at once.
"""

from edge.door.policy import Memory, finish, step
from edge.door.state import Decision, DoorState, Passage, Person

__all__ = ["Decision", "DoorState", "Memory", "Passage", "Person", "finish", "step"]

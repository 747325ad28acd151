"""The ailments, in one visible list: a file each."""

from __future__ import annotations

from gansmith.doctor.ailment import Ailment
from gansmith.doctor.ailments.augmentation_leak import AUGMENTATION_LEAK
from gansmith.doctor.ailments.bad_init import BAD_INIT
from gansmith.doctor.ailments.checkerboard import CHECKERBOARD
from gansmith.doctor.ailments.data_fault import DATA_FAULT
from gansmith.doctor.ailments.discriminator_blind import DISCRIMINATOR_BLIND
from gansmith.doctor.ailments.discriminator_overfits import DISCRIMINATOR_OVERFITS
from gansmith.doctor.ailments.discriminator_overpowers import DISCRIMINATOR_OVERPOWERS
from gansmith.doctor.ailments.explosion import EXPLOSION
from gansmith.doctor.ailments.memorisation import MEMORISATION
from gansmith.doctor.ailments.mode_collapse import MODE_COLLAPSE
from gansmith.doctor.ailments.oscillation import OSCILLATION
from gansmith.doctor.ailments.over_trained import OVER_TRAINED
from gansmith.doctor.ailments.under_trained import UNDER_TRAINED

AILMENTS: tuple[Ailment, ...] = (
    EXPLOSION,
    DATA_FAULT,
    BAD_INIT,
    MODE_COLLAPSE,
    DISCRIMINATOR_OVERPOWERS,
    DISCRIMINATOR_BLIND,
    OSCILLATION,
    DISCRIMINATOR_OVERFITS,
    MEMORISATION,
    CHECKERBOARD,
    AUGMENTATION_LEAK,
    OVER_TRAINED,
    UNDER_TRAINED,
)

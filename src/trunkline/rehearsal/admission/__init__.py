"""What holds for objects of one kind: what the API fills in, what it refuses, and what a namespace allows."""

from trunkline.rehearsal.admission.built_in import BuiltInAdmission

__all__ = ["BuiltInAdmission"]

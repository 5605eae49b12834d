"""What objects must look like, in the API's words: a page for each family of kinds, and nothing that is looked up.

Whatever has not the shape that a field wants is passed over here: the typed decoder has refused it before.
"""

from trunkline.rehearsal.admission.validation.kinds import shape_problems

__all__ = ["shape_problems"]

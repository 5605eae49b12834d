"""The ports of a rehearsal: a stage around `trunkline.rehearsal`'s cluster, on which nothing is built or sent anywhere."""

"""What a person or a clock does: authorise, load, step, save, hand out effects."""

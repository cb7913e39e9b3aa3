"""What arrived, before it is parsed: Frame v1, the inputs of a scan, and the outer forms that many formats share."""

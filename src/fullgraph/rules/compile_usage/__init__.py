"""Rules about using torch.compile in a way that does not do what was meant."""

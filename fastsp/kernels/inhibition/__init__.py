"""How columns compete: which of them are active."""

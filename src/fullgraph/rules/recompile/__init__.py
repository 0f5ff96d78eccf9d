"""TFG3xx: what compiles again and again."""

"""No part of what is traced."""

from .host import save

save(1)

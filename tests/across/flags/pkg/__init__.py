from .flags import NEW as NEWER

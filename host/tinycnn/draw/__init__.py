"""Draw a digit in a browser; a MicroPython that is kept open says which it is.

picture     the strokes as a picture of 8x8, made as those of the data set were
classifier  device/classify.py in that MicroPython: one inference for each picture
server      the page, to this machine's browser and to nobody else
"""

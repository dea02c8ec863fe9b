"""Files: what they really are, how they are made safe, and where they are kept.

    sniff.py     what a file is, by its bytes, and whether it is let in
    images.py    pictures: checked, turned upright, made anew without metadata, with a thumbnail
    pictures.py  processes in which pictures are opened, bounded in memory and time
    office.py    office documents, by the names inside them
    webp.py      WebP, which has to be looked at before it is opened
    names.py     file names that harm nobody
    incoming.py  one file on its way in, past all of these
    storage.py   the folder or bucket that keeps the bytes

Knows no table and no rule of the hotel.
"""

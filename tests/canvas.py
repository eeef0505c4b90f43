"""Reading what a page has drawn."""

# A canvas's pixels, from a copy: Chromium complains where one that is drawn on by its graphics processor is read often.
COPY = """const copyOf = canvas => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    return copy;
};"""

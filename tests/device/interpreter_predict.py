# predict and classify: floats in, floats out, the same as by hand.
from array import array

import tflm

with open("digits.bin", "rb") as file:
    pixels = file.read(64 * 20)
images = [[pixel / 16 for pixel in pixels[i : i + 64]] for i in range(0, len(pixels), 64)]

for name in ("model_int8.tflite", "model_float32.tflite"):
    interpreter = tflm.Interpreter(name)
    same = classified = 0
    for image in images:
        interpreter.inputs[0].quantize(image)
        interpreter.invoke()
        output = interpreter.outputs[0]
        expected = output.dequantize()
        best = (output.argmax(), expected[output.argmax()])
        same += interpreter.predict(image) == expected
        classified += interpreter.classify(image) == best == output.topk(1)[0]
    print(name, same, classified)
    given = array("f", images[0])
    print(interpreter.predict(given) == interpreter.predict(tuple(images[0])))
    index, score = interpreter.classify(given)
    print(type(index), type(score), 0 <= index < 10, score == max(interpreter.predict(given)))

    for wrong in ([0] * 63, [0] * 65, None, ["x"] * 64):
        for method in (interpreter.predict, interpreter.classify):
            try:
                print("done?", method(wrong))
            except (ValueError, TypeError) as error:
                print(type(error), error if isinstance(error, ValueError) else "")
    print(len(interpreter.predict(images[1])))

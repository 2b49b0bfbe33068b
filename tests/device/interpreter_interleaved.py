# Several interpreters at a time do not disturb each other.
import tflm

with open("digits.bin", "rb") as file:
    pixels = file.read(64 * 12)
images = [[pixel / 16 for pixel in pixels[i : i + 64]] for i in range(0, len(pixels), 64)]
with open("model_int8.tflite", "rb") as file:
    data = file.read()

models = (data, data, "model_float32.tflite", "model_float32.tflite")
alone = []
for model in models:
    interpreter = tflm.Interpreter(model)
    alone.append([interpreter.predict(image) for image in images])

# Step by step: all inputs, then all runs, then all outputs.
interpreters = [tflm.Interpreter(model) for model in models]
wrong = 0
for step in range(len(images) - 3):
    for i, interpreter in enumerate(interpreters):
        interpreter.inputs[0].quantize(images[step + i])
    for interpreter in interpreters:
        interpreter.invoke()
    for i, interpreter in enumerate(interpreters):
        wrong += interpreter.outputs[0].dequantize() != alone[i][step + i]
print("wrong", wrong)

# While one is made and dropped, the others go on.
first = interpreters[0]
first.inputs[0].quantize(images[0])
second = tflm.Interpreter("add.tflite")
second.inputs[0].quantize([1] * 6)
second.inputs[1].quantize([2] * 6)
first.invoke()
second.invoke()
del interpreters
print(first.outputs[0].dequantize() == alone[0][0], second.outputs[0].dequantize())

# The output of one is the input of another.
float_model = tflm.Interpreter("echo_f.tflite")
echo = tflm.Interpreter("echo_b.tflite")
float_model.inputs[0].quantize([0.5 * i for i in range(8)])
float_model.invoke()
echo.inputs[0].quantize(float_model.outputs[0])
echo.invoke()
print(echo.outputs[0].dequantize())

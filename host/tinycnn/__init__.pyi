# The public names of the package, in the order of the work. What is not here may change.

# Errors that are the user's to mend.
from .errors import BuildError as BuildError
from .errors import MissingToolError as MissingToolError
from .errors import SourceError as SourceError
from .errors import TargetError as TargetError
from .errors import UserError as UserError

# From images to a quantized model, and what it is worth.
from .pipeline.dataset import Dataset as Dataset
from .pipeline.dataset import load as load
from .pipeline.dataset import load_digits as load_digits
from .pipeline.dataset import load_npz as load_npz
from .pipeline.dataset import make_dataset as make_dataset
from .pipeline.evaluate import Evaluation as Evaluation
from .pipeline.evaluate import evaluate as evaluate
from .pipeline.examples import Examples as Examples
from .pipeline.examples import data_for as data_for
from .pipeline.model import RECIPES as RECIPES
from .pipeline.model import Recipe as Recipe
from .pipeline.quantize import QuantizedModels as QuantizedModels
from .pipeline.quantize import quantize as quantize
from .pipeline.reading import Reading as Reading
from .pipeline.score import Score as Score
from .pipeline.train import TrainedModel as TrainedModel
from .pipeline.train import adopt as adopt
from .pipeline.train import train as train
from .report import write_report as write_report

# MicroPython with the module: run a script anywhere.
from .targets.targets import Target as Target
from .targets.targets import build_target as build_target

# What a .tflite is, needs and gives.
from .tflite.arena import ArenaNeed as ArenaNeed
from .tflite.arena import predict_arena as predict_arena
from .tflite.c_header import c_header as c_header
from .tflite.check import CheckedModel as CheckedModel
from .tflite.check import check_model as check_model
from .tflite.read import TFLite as TFLite
from .tflite.read import inspect_tflite as inspect_tflite
from .tflite.read import read_tflite as read_tflite
from .tflite.run import Inferences as Inferences
from .tflite.run import run_litert as run_litert
from .tflite.run import run_tflm as run_tflm
from .tflite.slim import slim as slim

__version__: str

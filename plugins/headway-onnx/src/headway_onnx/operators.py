"""The closed list of operators that a graph may use.

An operator is listed when it is a pure function of its inputs: no control flow (a graph holds no other
graph), no randomness, no sequences, maps or strings made, and no operator of a domain that onnxruntime
would load from elsewhere. Whether a listed operator gives the same bits at every batch size is another
question; `headway_onnx.lint` answers it.
"""

from __future__ import annotations

ML = "ai.onnx.ml"
"""The domain of encoders and trees."""

_ARITHMETIC = (
    "Abs Add Ceil Clip CumSum Div Erf Exp Floor Log Max Mean Min Mod Mul Neg Pow Reciprocal Round Sign Sqrt Sub Sum"
)
_TRIGONOMETRY = "Acos Acosh Asin Asinh Atan Atanh Cos Cosh Sin Sinh Tan Tanh"
_ACTIVATIONS = (
    "Celu Elu Gelu HardSigmoid HardSwish Hardmax LeakyRelu LogSoftmax Mish PRelu Relu Selu Sigmoid Softmax Softplus "
    "Softsign ThresholdedRelu"
)
_LOGIC = "And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Where Xor"
_BITS = "BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor"
_SHAPES = (
    "Cast CastLike Compress Concat Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather GatherElements "
    "GatherND Identity NonZero OneHot Pad Range Reshape ReverseSequence ScatterElements ScatterND Shape Size Slice "
    "SpaceToDepth Split Squeeze Tile Transpose Trilu Unique Unsqueeze"
)
_REDUCTIONS = (
    "ArgMax ArgMin ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "ReduceSumSquare TopK"
)
_LAYERS = (
    "AveragePool BatchNormalization Conv ConvTranspose Einsum GRU Gemm GlobalAveragePool GlobalMaxPool "
    "GroupNormalization InstanceNormalization LRN LSTM LayerNormalization LpNormalization MatMul MaxPool RNN Resize"
)
_QUANTISED = "ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear"
_TREES_AND_ENCODERS = "LabelEncoder LinearClassifier LinearRegressor TreeEnsembleClassifier TreeEnsembleRegressor"


def _listed(domain: str, *groups: str) -> frozenset[tuple[str, str]]:
    return frozenset((domain, name) for group in groups for name in group.split())


ALLOWED = _listed(
    "",
    _ARITHMETIC,
    _TRIGONOMETRY,
    _ACTIVATIONS,
    _LOGIC,
    _BITS,
    _SHAPES,
    _REDUCTIONS,
    _LAYERS,
    _QUANTISED,
) | _listed(ML, _TREES_AND_ENCODERS)
"""(domain, operator); the empty domain is ONNX's own."""


def domain_of(name: str) -> str:
    """The domain in its short form: ``ai.onnx`` is written as the empty string in most graphs."""
    return "" if name == "ai.onnx" else name

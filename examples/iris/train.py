"""Trains the iris model and writes it as ONNX.

Data: Fisher's iris measurements, 150 flowers of three species, bundled in scikit-learn (no download).

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SEED = 20
# The columns of the data, by the names that the handler reads.
FIELDS = ["sepalLengthCm", "sepalWidthCm", "petalLengthCm", "petalWidthCm"]


def graph_of(scaler: StandardScaler, regression: LogisticRegression) -> onnx.ModelProto:
    """Scaling and a softmax over one linear layer, in plain ONNX operators: a tensor in, a tensor out."""
    weights = {
        "mean": scaler.mean_,
        "deviation": scaler.scale_,
        "coefficients": regression.coef_,
        "intercepts": regression.intercept_,
    }
    nodes = [
        helper.make_node("Sub", ["measurements", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["scaled"]),
        helper.make_node("Gemm", ["scaled", "coefficients", "intercepts"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "iris",
        [helper.make_tensor_value_info("measurements", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def main() -> None:
    iris = load_iris()
    split = train_test_split(iris.data, iris.target, test_size=0.3, stratify=iris.target, random_state=SEED)
    train_rows, held_out_rows, train_labels, held_out_labels = split
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    pipeline.fit(train_rows, train_labels)
    accuracy = pipeline.score(held_out_rows, held_out_labels)
    model = graph_of(pipeline[0], pipeline[1])
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "model.onnx")
    report = {"trainingRows": len(train_labels), "heldOutRows": len(held_out_labels), "accuracy": round(accuracy, 4)}
    write_json("accuracy.json", report)
    print(f"{accuracy:.2%} of {len(held_out_labels)} held-out flowers are answered correctly")
    flower = held_out_rows[0]
    probabilities = dict(zip(iris.target_names.tolist(), pipeline.predict_proba([flower])[0].round(6).tolist()))
    write_json("request.json", dict(zip(FIELDS, flower.tolist())))
    write_json("expected.json", {"class": max(probabilities, key=probabilities.get), "probabilities": probabilities})


def write_json(name: str, value: object) -> None:
    (HERE / name).write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main()

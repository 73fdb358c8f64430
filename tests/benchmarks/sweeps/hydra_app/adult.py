"""A stock Lightning script: it reads its table, prepares it, and trains with a DataLoader and early stopping.

A line of JSON a trial goes to the file ``TRIALS``: when it began, had its data and ended, and what it came to.
"""

import json
import os
import time
from pathlib import Path

import hydra
import lightning.pytorch as pl
import numpy as np
import polars as table
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

TARGET, SPLIT = "income", "split"


class MLP(pl.LightningModule):
    def __init__(self, inputs, config):
        super().__init__()
        self.config = config
        parts = []
        for size in config.layers:
            parts += [nn.Linear(inputs, size), nn.ReLU(), nn.Dropout(config.dropout)]
            inputs = size
        self.network = nn.Sequential(*parts, nn.Linear(inputs, 2))

    def training_step(self, batch, index):
        rows, target = batch
        return functional.cross_entropy(self.network(rows), target)

    def validation_step(self, batch, index):
        self.log("val_loss", self.training_step(batch, index))

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.config.learning_rate, weight_decay=self.config.weight_decay)


def loaders(config):
    """Train and validation, and how many columns they have."""
    frame = table.read_parquet(config.table)
    names = [name for name in frame.columns if name not in (TARGET, SPLIT)]
    texts = [name for name in names if frame[name].dtype in (table.String, table.Categorical, table.Enum)]
    numbers = [name for name in names if name not in texts]
    frame = frame.with_columns(table.col(texts).cast(table.String).fill_null("missing"))
    prepare = make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts)
    )
    parts = {split: frame.filter(table.col(SPLIT) == split) for split in ("train", "validation")}
    prepare.fit(parts["train"])
    made = []
    for split, part in parts.items():
        rows = torch.from_numpy(prepare.transform(part).astype(np.float32))
        target = torch.from_numpy((part[TARGET] == ">50K").to_numpy().astype(np.int64))
        made.append(DataLoader(TensorDataset(rows, target), batch_size=config.batch_size, shuffle=split == "train"))
    return *made, rows.shape[1]


@hydra.main(version_base=None, config_path=".", config_name="adult")
def main(config):
    begin = time.time()
    pl.seed_everything(config.seed, verbose=False)
    train, validation, inputs = loaders(config)
    loaded = time.time()
    best = ModelCheckpoint(dirpath="checkpoints", monitor="val_loss")
    trainer = pl.Trainer(
        max_epochs=config.max_epochs, callbacks=[EarlyStopping("val_loss", patience=config.patience), best],
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(MLP(inputs, config), train, validation)
    loss = float(best.best_model_score)
    point = {"layers": list(config.layers)} | {
        name: config[name] for name in ("dropout", "learning_rate", "weight_decay")
    }
    told = {"begin": begin, "loaded": loaded, "end": time.time(), "epochs": trainer.current_epoch, "loss": loss,
            "point": point}  # fmt: skip
    with Path(os.environ["TRIALS"]).open("a") as file:
        file.write(json.dumps(told) + "\n")
    return loss


if __name__ == "__main__":
    main()

#!/usr/bin/env node
// Walks down a bowl. Values come as a JSON file:
//
//   osetra run study.toml -- node train.js {config}
//
// It keeps its state when it is asked to end (SIGTERM), and goes on from it the next time.
const fs = require("fs");
const path = require("path");

const { lr, layers } = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const folder = process.env.OSETRA_CHECKPOINT_DIR;
const file = folder && path.join(folder, "state.json");
const steps = 20;
const pause = 1000 * Number(process.env.PAUSE || 0.05);

let state = { step: 0, x: 1 };
if (file && fs.existsSync(file)) state = JSON.parse(fs.readFileSync(file, "utf8"));

process.on("SIGTERM", () => {
  if (file) {
    fs.writeFileSync(file + ".part", JSON.stringify(state));
    fs.renameSync(file + ".part", file);
  }
  process.exit(75);
});

console.log(JSON.stringify({ steps }));
function train() {
  if (state.step === steps) process.exit(0);
  state = { step: state.step + 1, x: state.x * (1 - lr) + 0.01 * (layers - 2) ** 2 };
  console.log(JSON.stringify({ step: state.step, val_loss: state.x }));
  setTimeout(train, pause);
}
setTimeout(train, pause);

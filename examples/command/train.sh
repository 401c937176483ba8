#!/bin/sh
# Walks down a bowl. Values come as arguments:
#
#   osetra run study.toml -- ./train.sh {lr} {layers}
lr=$1 layers=$2 steps=20 step=0 x=1
state=$OSETRA_CHECKPOINT_DIR/state

if [ -f "$state" ]; then    # it was paused, or its machine went away: go on from there
    read -r step x < "$state"
fi
echo "{\"steps\": $steps}"
while [ "$step" -lt "$steps" ]; do
    step=$((step + 1))
    sleep "${PAUSE:-0.05}"
    x=$(awk "BEGIN { print $x * (1 - $lr) + 0.01 * ($layers - 2) ^ 2 }")
    echo "{\"step\": $step, \"val_loss\": $x}"
    if [ -n "$OSETRA_CHECKPOINT_DIR" ]; then    # after the report; write elsewhere, then rename
        echo "$step $x" > "$state.part" && mv "$state.part" "$state"
        echo "{\"step\": $step, \"checkpoint\": true}"
    fi
done

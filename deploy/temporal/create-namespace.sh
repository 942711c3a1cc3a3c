#!/bin/sh
# Creates the namespace where there is none. Actors leave a closed run behind at every continue-as-new: a day is enough.
set -eu
for attempt in $(seq 60); do
  if temporal operator namespace describe -n "$NAMESPACE" >/dev/null 2>&1; then
    echo "namespace $NAMESPACE is there"
    exit 0
  fi
  # Right after Temporal's start this fails for a while.
  temporal operator namespace create -n "$NAMESPACE" --retention 24h || sleep 2
done
echo "namespace $NAMESPACE could not be created"
exit 1

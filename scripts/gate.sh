#!/usr/bin/env bash
# The gate: every check, each with its time. Fails when any of them does.
set -u
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

failed=()
summary=()

step() {
  local name=$1 started=$EPOCHREALTIME state=ok
  shift
  printf '\n== %s\n' "$name"
  "$@" || { state=FAILED; failed+=("$name"); }
  summary+=("$(awk -v name="$name" -v from="$started" -v to="$EPOCHREALTIME" -v state="$state" \
    'BEGIN { printf "  %-10s %7.1f s  %s", name, to - from, state }')")
}

step parts scripts/parts.sh
step format ruff format --check .
step lint ruff check .
step types mypy
step contracts lint-imports --no-logo
step templates djlint --lint --quiet app/templates
step tests pytest --numprocesses auto --dist worksteal

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
if [ ${#failed[@]} -gt 0 ]; then
  printf '\nFailed: %s\n' "${failed[*]}"
  exit 1
fi

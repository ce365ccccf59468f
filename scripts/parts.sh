#!/usr/bin/env bash
# The two programs that the tests need beside Python: a MariaDB server and Chromium.
# Installed by apt-get where that is allowed; otherwise said plainly, and with CI=true refused.
set -u

has() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

wanted=()
has mariadbd && has mariadb-install-db || wanted+=(mariadb-server-core mariadb-client-core)
has chromium || wanted+=(chromium)
if [ ${#wanted[@]} -eq 0 ]; then
  echo "MariaDB and Chromium are here."
  exit 0
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
  echo "Installing ${wanted[*]} ..."
  install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  "${install[@]}" update >/dev/null
  "${install[@]}" install --yes --no-install-recommends "${wanted[@]}" >/dev/null && exit 0
  echo "That did not work."
fi

echo "Not installed: ${wanted[*]}."
if [ "${CI:-}" = true ]; then
  echo "With CI=true nothing may be skipped."
  exit 1
fi
echo "The tests that need them are skipped."

# Waits until its input ends, then stops the cluster in directory $1 and removes it.
# `postgres` there is the cluster or a link to it. What lies beside the cluster bears its name.
read -r _
cluster=$(readlink -f "$1/postgres" || echo "$1/postgres")
pid=$(sed -n 1p "$cluster/postmaster.pid" 2>/dev/null)
socket=$(sed -n 5p "$cluster/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid"
    tries=100
    while [ -e "$cluster/postmaster.pid" ] && kill -0 "$pid" && [ "$tries" -gt 0 ]; do
        sleep 0.1
        tries=$((tries - 1))
    done
fi
[ -n "$socket" ] && rm -rf "$socket"
rm -rf "$cluster" "$cluster.new" "$cluster.socket" "$cluster.users" "$cluster.lock" "$1"

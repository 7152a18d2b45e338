import os
import shutil
import signal
import stat
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from faceproject.embedded import addresses, lease, valkey
from faceproject.embedded.errors import ServiceError
from faceproject.embedded.postgres import Postgres
from tests.faceproject.conftest import Services, finish, wait_ready

BOTH, NEITHER = (True, True), (False, False)


def test_the_last_to_go_stops_the_services(services: Services) -> None:
    with lease.hold(services.var_dir):
        other = services.holder()
        wait_ready(other)
        finish(other)
        assert services.up() == BOTH
    assert services.up() == NEITHER
    assert services.pids() == []


def test_two_processes_at_once_make_one_database(empty: Services) -> None:
    first, second = empty.holder(), empty.holder()
    wait_ready(first)
    wait_ready(second)
    empty.sql("CREATE TABLE shared (n int)")
    finish(first)
    assert empty.sql("SELECT count(*) FROM shared") == [(0,)]
    finish(second)
    assert empty.up() == NEITHER


def test_only_what_is_asked_for_is_started(services: Services) -> None:
    with lease.hold(services.var_dir, postgres=False):
        assert services.up() == (False, True)


def test_data_survives_kill_9_of_everything(services: Services) -> None:
    holder = services.holder()
    wait_ready(holder)
    services.sql("CREATE TABLE kept (n int)")
    services.sql("INSERT INTO kept VALUES (42)")
    with services.broker() as broker:
        broker.set("kept", "42")
    holder.kill()
    holder.communicate()
    services.kill()

    with lease.hold(services.var_dir), services.broker() as broker:
        assert services.sql("SELECT n FROM kept") == [(42,)]
        assert broker.get("kept") == b"42"


def test_servers_whose_users_were_killed_are_used_again(services: Services) -> None:
    holder = services.holder()
    wait_ready(holder)
    holder.kill()
    holder.communicate()
    before = services.pids()
    with lease.hold(services.var_dir):
        assert set(services.pids()) >= set(before)
    assert services.up() == NEITHER


def test_a_broker_that_does_not_answer_is_stopped_and_so_is_the_database(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "_STOP_TIMEOUT", 1.0)
    with lease.hold(services.var_dir):
        os.kill(services.broker().info("server")["process_id"], signal.SIGSTOP)
    assert services.pids() == []


def test_a_killed_postgres_comes_back_under_the_same_lease(services: Services) -> None:
    with lease.hold(services.var_dir) as held:
        services.kill()
        assert not held.healthy()
        held.ensure()
        assert services.up() == BOTH


def test_a_process_id_used_again_does_not_stop_the_start(services: Services) -> None:
    with lease.hold(services.var_dir):
        pid_file = services.var_dir / "postgres" / "postmaster.pid"
        stale = pid_file.read_text().split("\n")
    stale[0] = str(os.getpid())  # alive, ours, and no Postgres
    pid_file.write_text("\n".join(stale))
    with lease.hold(services.var_dir):
        assert services.up() == BOTH


def test_a_lost_password_is_replaced(services: Services) -> None:
    addresses.password_file(services.var_dir).unlink()
    with lease.hold(services.var_dir):
        assert services.sql("SELECT 1") == [(1,)]


def test_a_wrong_password_is_refused(services: Services) -> None:
    with lease.hold(services.var_dir):
        with pytest.raises(psycopg.OperationalError, match="password"):
            services.connect(password="wrong")
        with pytest.raises(psycopg.OperationalError, match="password"):
            services.connect(user="postgres", password="wrong")


def test_the_log_tells_a_fault_without_the_data(services: Services) -> None:
    with lease.hold(services.var_dir):
        with pytest.raises(psycopg.errors.CheckViolation):
            services.sql(
                "CREATE TABLE told (name text CHECK (name = '')); INSERT INTO told VALUES ('Ann')"
            )
        said = (services.var_dir / "logs" / "postgres.log").read_text()
    assert 'relation "told" violates check constraint' in said
    assert "Ann" not in said


def test_nobody_else_can_enter_the_socket_folder(services: Services) -> None:
    with lease.hold(services.var_dir):
        for folder in (addresses.socket_dir(services.var_dir), services.var_dir / "postgres"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        secret = addresses.password_file(services.var_dir)
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


@pytest.mark.parametrize("trap", ["open folder", "link"])
def test_a_socket_folder_somebody_prepared_is_refused(empty: Services, trap: str) -> None:
    folder = addresses.socket_dir(empty.var_dir)
    if trap == "link":
        folder.symlink_to(empty.var_dir)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    with pytest.raises(ServiceError, match=str(folder)), lease.hold(empty.var_dir):
        pass
    assert empty.up() == NEITHER


def test_a_path_too_long_for_a_socket_works(services: Services) -> None:
    long = Services(services.var_dir / ("x" * 120))
    long.var_dir.mkdir()
    kept = ("postgres", "postgres.password")
    for name in kept:
        (services.var_dir / name).rename(long.var_dir / name)
    sockets = addresses.socket_dir(long.var_dir)
    try:
        with lease.hold(long.var_dir):
            assert long.sql("SELECT 1") == [(1,)]
            assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        for name in kept:
            (long.var_dir / name).rename(services.var_dir / name)
        shutil.rmtree(sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_the_data_of_an_ordinary_user_alone(services: Services) -> None:
    locks = services.var_dir / "locks"
    os.chown(locks, 12_345, 12_345)
    try:
        with pytest.raises(ServiceError, match="user 12345"), lease.hold(services.var_dir):
            pass
    finally:
        os.chown(locks, 0, 0)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match="VAR_DIR"), lease.hold(tmp_path / "file"):
        pass


def test_a_server_whose_backends_outlive_it_comes_back(services: Services) -> None:
    with lease.hold(services.var_dir) as held, closing(services.connect()):
        pid = (services.var_dir / "postgres" / "postmaster.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)
        held.ensure()
        assert services.sql("SELECT 1") == [(1,)]


def test_a_start_that_fails_says_why(services: Services) -> None:
    settings = services.var_dir / "postgres" / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(f"{good}\nno_such_setting = 1\n")
    try:
        with pytest.raises(ServiceError, match=r"no_such_setting|configuration file"):
            Postgres(services.var_dir).start()
    finally:
        settings.write_text(good)

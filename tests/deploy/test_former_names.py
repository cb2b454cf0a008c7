"""Scripts outside of this repository start services by the name that devtools/ had before."""

from devtools import postgres, valkey


def test_devtools_by_their_former_name():
    from deploy.local.postgres import Postgres
    from deploy.local.valkey import Valkey

    assert (Postgres.__qualname__, Valkey.__qualname__) == (postgres.Postgres.__qualname__, valkey.Valkey.__qualname__)

"""Running generated packages on Isaac Lab: register, list, train, play.

This is the only part of ``stripe_dsl`` that imports torch, warp, isaaclab, rsl_rl or gymnasium, and even here they are
imported by the functions that need them: importing a module of this package costs milliseconds, so that a command can
check its arguments first and answer a mistake at once.

A *generated package* is a folder with ``__init__.py`` (which calls ``gym.register``), ``env_cfg.py``, ``env.py`` and
``agents/rsl_rl_ppo_cfg.py``. It needs nothing from ``stripe_dsl``; what is here only makes running it pleasant.
"""

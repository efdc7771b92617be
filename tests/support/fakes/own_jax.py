"""A loss of a user of JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp


@jax.jit  # type: ignore[untyped-decorator]
def compiled(logits: jax.Array, labels: jax.Array) -> jax.Array:
    log_p = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]


def donating(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """The buffer of the scores is given to the compiler."""
    run = jax.jit(lambda x, y: (compiled(x, y), x * 2), donate_argnums=0)
    losses: jax.Array = run(logits, labels)[0]
    return losses

"""The torch modules of the transforms, and what is learnt for them; heavy, so imported by ``fit`` only."""

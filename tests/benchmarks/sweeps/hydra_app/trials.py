"""The rival's command: trials that do nothing, or sleep as long as the list in ``SLEEPS`` says."""

import hydra
from stamps import trial


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config):
    return trial(config.x, config.y)


if __name__ == "__main__":
    main()

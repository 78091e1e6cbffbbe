"""What pyproject.toml cannot say: `sql/` lies at the top of the repository and is installed as `tracker/sql`.

A package's data are files beside its modules: statements, scripts, texts, templates, presets, the beacon.
tests/acceptance/test_installed_package.py holds the wheel to the files that Git knows.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["tracker", "tracker.*"]), "tracker.sql"],
    include_package_data=False,
    package_dir={"tracker.sql": "sql"},
    package_data={
        "": ["**/*.css", "**/*.html", "**/*.js", "**/*.json", "**/*.lua", "**/*.svg", "**/*.tsv"],
        "tracker.sql": ["**/*.sql"],
    },
)

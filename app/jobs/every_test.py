"""A book of cases for a run that names none: every test found is a case of its own."""

from app.jobs.case_ending import Ending
from app.jobs.cases import CaseBook, CasesEnd
from app.jobs.results.items import TestItem


class EveryTestBook(CaseBook):
    """Opens a case for each test; `name` is that of the command, the case when there is none."""

    def __init__(self, name: str) -> None:
        super().__init__((), None, {})
        self._name = name

    def end(self, ending: Ending) -> CasesEnd:
        """Return the rest as any book does; without a single test the command is the case."""
        if not self._cases:
            self._open(self._name)
        return super().end(ending)

    def _case_of(self, item: TestItem) -> str:
        case_id = item.case_code or item.case_id or item.name
        self._open(case_id)
        return case_id

    def _outstanding(self) -> int:
        return super()._outstanding() + 1  # there may always be one more: none is the last

"""Which of these tests run on Windows: the jobs of the others are written for a POSIX shell."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PORTABLE = {
    "test_a_reader_that_has_seen_enough",
    "test_after_a_kill",
    "test_a_broken_configuration_does_not_stop_the_commands",
    "test_the_first_heartbeat_follows_the_greeting_at_once",
    "test_the_same_task_id_is_never_run_twice",
    "test_strange_frames_are_logged_masked_and_survived",
    "test_own_unusable_work_dir_ends_the_agent",
    "test_a_refused_token_ends_a_headless_agent",
    "test_a_second_agent_in_the_same_home_is_refused",
    "test_rule_2_a_heartbeat_at_once_after_each_connect",
    "test_rule_2_the_completion_waits_until_all_before_it_is_handled",
    "test_rule_2_a_completion_whose_fence_fails_comes_again",
    "test_rule_3_a_journal_that_cannot_be_written_is_tried_again",
    "test_rule_9_a_second_between_two_connections",
    "test_rule_10_any_other_code_means_try_again",
    "test_rule_10_a_refused_token_is_final",
    "test_a_platform_that_went_silent_is_noticed_and_left",
    "test_heartbeats_keep_their_time_under_a_flood",
    "test_a_huge_line_arrives_whole",
    "test_partial_lines_on_both_streams_arrive_whole",
    "test_a_poisonous_result_is_set_aside_and_the_rest_goes_on",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what no Windows can run."""
    if sys.platform == "win32":
        for item in items:
            if item.path.parent == HERE and item.name.partition("[")[0] not in PORTABLE:
                item.add_marker(pytest.mark.skip(reason="other system: jobs for a POSIX shell"))

using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Storage;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of one log on a disk: what counts as flushed, and what is there after the power was lost.</summary>
internal static class LogScenarios
{
    private const ulong Seeds = 20;

    /// <summary>Longer than the time between two checkpoints.</summary>
    private const int CheckpointMs = 6000;

    public static void A_flush_counts_up_to_the_end_that_was_written_before_it_began()
    {
        var scenario = new ScenarioLog();
        scenario.Append("a");
        scenario.RunFor(5);
        scenario.Append("b");
        scenario.RunFor(7);
        Expect.Equal(new Offset(1), scenario.Log.FlushedTo);
        scenario.Flush();
        Expect.Equal(new Offset(2), scenario.Log.FlushedTo);
    }

    public static void A_flush_that_began_before_a_truncation_does_not_count()
    {
        var scenario = new ScenarioLog();
        scenario.Append("a");
        scenario.Flush();
        scenario.Append("b");
        scenario.RunFor(5);
        scenario.Cut(1);
        scenario.Append("c", epoch: 2);
        scenario.RunFor(7);
        Expect.Equal(new Offset(1), scenario.Log.FlushedTo);
    }

    public static void Bytes_that_were_truncated_under_a_response_are_never_sent()
    {
        var scenario = new ScenarioLog();
        for (int i = 0; i < 4; i++)
        {
            scenario.Append($"{i}");
        }

        using LogSlice kept = scenario.Log.Read(Offset.Zero, 1 << 20, new Offset(2), atLeastOneBatch: true).Slice;
        using LogSlice cut = scenario.Log.Read(Offset.Zero, 1 << 20, new Offset(4), atLeastOneBatch: true).Slice;
        FileRange intact = kept.Range(0, Offset.Zero);
        FileRange gone = cut.Range(0, Offset.Zero);
        scenario.Cut(2);

        // A read that races with a truncation may see the zeros that the system puts behind the new end.
        gone.File.SetLength(gone.Position + gone.Length);
        intact.Read(0, new byte[intact.Length]);
        bool isSent = true;
        try
        {
            gone.Read(0, new byte[gone.Length]);
        }
        catch (FileRangeException)
        {
            isSent = false;
        }

        Expect.False(isSent);
    }

    public static void A_flush_that_failed_counts_for_nothing_and_is_never_tried_again()
    {
        var scenario = new ScenarioLog();
        scenario.Volume.FailNextFlush();
        scenario.Append("a");
        scenario.Flush();
        Expect.Equal(Offset.Zero, scenario.Log.FlushedTo);
        Expect.True(scenario.IsOffline);
        Expect.Equal(ErrorCode.KafkaStorageError, scenario.Append("b"));
    }

    public static void What_was_flushed_in_several_segments_is_there_after_a_power_cut() =>
        ForSeeds(seed =>
        {
            var scenario = new ScenarioLog(seed);
            List<string> values = Fill(scenario, 12, pauseMs: 0);
            scenario.Flush();
            Expect.Equal(new Offset(values.Count), scenario.Log.FlushedTo);
            scenario.LosePower();
            Expect.Equal(string.Join(' ', values), string.Join(' ', scenario.Values()));
        });

    public static void What_is_there_after_a_power_cut_is_a_beginning_and_intact() =>
        ForSeeds(seed =>
        {
            var scenario = new ScenarioLog(seed);
            List<string> values = Fill(scenario, 30, pauseMs: 3);
            Offset flushed = scenario.Log.FlushedTo;
            scenario.LosePower();
            List<string> kept = scenario.Values();
            Expect.True(kept.Count >= flushed.Value);
            Expect.Equal(string.Join(' ', values.Take(kept.Count)), string.Join(' ', kept));
        });

    public static void A_batch_that_a_power_cut_tore_is_truncated() =>
        ForSeeds(seed =>
        {
            var scenario = new ScenarioLog(seed, segmentBytes: 1 << 20);
            List<string> values = Fill(scenario, 40, pauseMs: 0);
            scenario.LosePower();
            List<string> kept = scenario.Values();
            Expect.Equal(string.Join(' ', values.Take(kept.Count)), string.Join(' ', kept));
        });

    public static void A_batch_that_was_flushed_and_has_become_corrupt_is_not_truncated_as_if_it_had_never_been_there() =>
        ForSeeds(seed =>
        {
            var scenario = new ScenarioLog(seed, segmentBytes: 1 << 20);
            List<string> values = Fill(scenario, 12, pauseMs: 0);
            scenario.Commit();
            scenario.RunFor(CheckpointMs);
            values.AddRange(Fill(scenario, 2, pauseMs: 0));
            List<BatchAtRest> flushed = BatchesAtRest.Of(scenario.Volume);
            Expect.Equal(12, flushed.Count);
            SimRandom random = new(seed);
            BatchAtRest batch = flushed[random.Next(flushed.Count)];
            batch.File.Corrupt(seed % 2 == 0 ? batch.FlipBit(random) : batch.LoseSector());
            Expect.True(scenario.RejectionAfterKill() is not null, "a log that has lost what was flushed is rejected");
            scenario.Volume.MendDamage();
            scenario.ComeBack();
            Expect.Equal(string.Join(' ', values), string.Join(' ', scenario.Values()));
        });

    public static void Whole_batches_that_were_flushed_and_are_missing_at_the_end_are_not_taken_for_the_end()
    {
        var scenario = new ScenarioLog(segmentBytes: 1 << 20);
        Fill(scenario, 12, pauseMs: 0);
        scenario.Commit();
        scenario.RunFor(CheckpointMs);
        BatchAtRest last = BatchesAtRest.Of(scenario.Volume)[^1];
        last.File.SetLength(last.Position);
        Expect.True(scenario.RejectionAfterKill() is not null, "a log that has lost what was flushed is rejected");
    }

    public static void A_time_that_only_truncated_records_had_is_not_found_any_more()
    {
        var scenario = new ScenarioLog(segmentBytes: 1 << 20);
        for (int i = 0; i < 10; i++)
        {
            scenario.AppendAt($"{i}", ScenarioLog.WallMs + i);
        }

        for (int i = 10; i < 20; i++)
        {
            scenario.AppendAt($"{i}", ScenarioLog.WallMs + 1000 + i);
        }

        scenario.Cut(10);
        for (int i = 10; i < 20; i++)
        {
            scenario.AppendAt($"new {i}", ScenarioLog.WallMs + i, epoch: 2);
        }

        for (int i = 0; i < 20; i++)
        {
            Expect.Equal<Offset?>(new Offset(i), scenario.FirstAtOrAfter(ScenarioLog.WallMs + i));
        }

        Expect.Equal<Offset?>(null, scenario.FirstAtOrAfter(ScenarioLog.WallMs + 1000));
        Expect.Equal<Offset?>(new Offset(19), scenario.LatestInTime());
    }

    public static void A_transaction_whose_abort_was_truncated_is_not_aborted_when_its_producer_commits_it()
    {
        var scenario = new ScenarioLog(segmentBytes: 1 << 20);
        scenario.AppendInTransaction("a", sequence: 0);
        scenario.EndTransaction(ControlRecordType.Abort);
        Expect.Equal(1, scenario.Log.AbortedTransactions(Offset.Zero, scenario.Log.EndOffset).Count);
        scenario.Cut(1);
        scenario.EndTransaction(ControlRecordType.Commit, epoch: 2);
        Expect.Equal(0, scenario.Log.AbortedTransactions(Offset.Zero, scenario.Log.EndOffset).Count);
        scenario.Commit();
        scenario.Flush();
        scenario.LosePower();
        Expect.Equal(new Offset(2), scenario.Log.EndOffset);
        Expect.Equal(0, scenario.Log.AbortedTransactions(Offset.Zero, scenario.Log.EndOffset).Count);
    }

    public static void A_snapshot_of_producers_that_a_truncation_has_passed_is_gone()
    {
        var scenario = new ScenarioLog();
        int rolled = FillOneSegment(scenario);
        scenario.Cut(rolled / 2);
        Expect.False(
            scenario.Volume.ListFiles(ScenarioLog.Path).Any(each => ScenarioLog.IsSnapshotAbove(each, rolled / 2)),
            "a snapshot above the end is there"
        );
        scenario.Flush();
        scenario.LosePower();
        Expect.False(
            scenario.Volume.ListFiles(ScenarioLog.Path).Any(each => ScenarioLog.IsSnapshotAbove(each, rolled / 2)),
            "a snapshot above the end came back"
        );
    }

    public static void A_snapshot_of_producers_that_outlives_its_records_counts_for_nothing() =>
        ForSeeds(static seed =>
        {
            var scenario = new ScenarioLog(seed);
            FillOneSegment(scenario);
            scenario.MakeSnapshotsDurable();
            scenario.LosePower();
            int survived = (int)scenario.Log.EndOffset.Value;
            Expect.Equal(
                ErrorCode.None,
                scenario.Append("again", 1, survived, out bool isDuplicate),
                $"the response to sequence {survived} after a power loss that left {survived} records"
            );
            Expect.False(isDuplicate);
        });

    /// <summary>
    /// Appends one producer's records until a second segment begins, without waiting for the disk; the offset at which it begins.
    /// </summary>
    private static int FillOneSegment(ScenarioLog scenario)
    {
        int sequence = 0;
        while (scenario.Volume.ListFiles(ScenarioLog.Path).Count(static each => each.EndsWith(".log", StringComparison.Ordinal)) < 2)
        {
            scenario.Append($"{sequence}", 1, sequence);
            sequence++;
        }

        return sequence - 1;
    }

    public static void Leader_epochs_of_what_recovery_scans_are_known_again() =>
        ForSeeds(static seed =>
        {
            var scenario = new ScenarioLog(seed, segmentBytes: 1 << 20);
            for (int epoch = 1; epoch < 4; epoch++)
            {
                scenario.BeginEpoch(epoch);
                scenario.Append($"{epoch}", epoch);
            }

            scenario.Flush();
            scenario.LosePower();
            for (int epoch = 1; epoch < 4; epoch++)
            {
                Expect.Equal(
                    new Offset(epoch),
                    scenario.Log.Epochs.EndOf(new LeaderEpoch(epoch), scenario.Log.EndOffset).EndOffset,
                    $"the end of epoch {epoch}"
                );
            }
        });

    public static void A_topics_id_that_a_failed_flush_lost_is_written_again() =>
        ForSeeds(static seed =>
        {
            var scenario = new ScenarioLog(seed);
            Uuid id = scenario.Log.TopicId;
            SimInode file = (SimInode)scenario.Volume.Find("/data/t-0/partition.metadata")!;
            byte[] content = file.Current.Span.ToArray();
            file.SetLength(0);
            file.MakeDurable(file.Operations);
            file.Write(0, content);
            file.LosePages(new SimRandom(seed));
            scenario.Restart();
            Expect.Equal(id, scenario.Log.TopicId);
            scenario.LosePower();
            Expect.Equal(id, scenario.Log.TopicId);
        });

    public static void A_truncation_that_a_failed_flush_lost_is_made_again() =>
        ForSeeds(seed =>
        {
            var scenario = new ScenarioLog(seed, segmentBytes: 1 << 20);
            Fill(scenario, 3, pauseMs: 0);
            scenario.Commit();
            scenario.RunFor(CheckpointMs);
            Fill(scenario, 2, pauseMs: 0);
            scenario.Flush();
            scenario.Volume.FailNextFlush();
            scenario.Cut(3);
            scenario.Append("after", epoch: 2);
            scenario.Flush();
            Expect.True(scenario.IsOffline);
            scenario.Restart();
            string flushed = string.Join(' ', scenario.Values());
            Expect.Equal(scenario.Log.EndOffset, scenario.Log.FlushedTo);
            scenario.LosePower();
            Expect.Equal(flushed, string.Join(' ', scenario.Values()));
        });

    public static void A_record_that_was_truncated_is_new_when_its_producer_sends_it_again()
    {
        var scenario = new ScenarioLog();
        scenario.Append("a", 1, sequence: 0);
        scenario.Append("b", 1, sequence: 1);
        scenario.Flush();
        scenario.Cut(1);
        Expect.Equal(ErrorCode.None, scenario.Append("b", 2, sequence: 1, out bool isDuplicate));
        Expect.False(isDuplicate);
        Expect.Equal(new Offset(2), scenario.Log.EndOffset);
    }

    public static void A_new_leader_knows_the_producers_of_the_old_one()
    {
        var scenario = new ScenarioLog();
        scenario.Append("a", 1, sequence: 0);
        scenario.BeginEpoch(2);
        Expect.Equal(ErrorCode.None, scenario.Append("a", 2, sequence: 0, out bool isDuplicate));
        Expect.True(isDuplicate);
    }

    public static void A_sequence_that_does_not_follow_is_rejected()
    {
        var scenario = new ScenarioLog();
        scenario.Append("a", 1, sequence: 0);
        Expect.Equal(ErrorCode.OutOfOrderSequenceNumber, scenario.Append("c", 1, sequence: 2));
    }

    public static void KAFKA_10706_a_truncation_at_the_end_drops_epochs_that_left_no_record()
    {
        var scenario = new ScenarioLog();
        scenario.Append("a", epoch: 1);
        scenario.BeginEpoch(3);
        scenario.Cut(1);
        Expect.Equal(new LeaderEpoch(1), scenario.Log.Epochs.Latest);
    }

    private static List<string> Fill(ScenarioLog scenario, int records, int pauseMs)
    {
        List<string> values = [];
        for (int each = 0; each < records; each++)
        {
            values.Add($"{each}-{new string('x', 300)}");
            Expect.Equal(ErrorCode.None, scenario.Append(values[^1]));
            if (pauseMs > 0)
            {
                scenario.RunFor(pauseMs);
            }
        }

        return values;
    }

    private static void ForSeeds(Action<ulong> play)
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            play(seed);
        }
    }
}

using RaftLog.Platform;
using RaftLog.Protocol;
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
        var stage = new LogStage();
        stage.Append("a");
        stage.RunFor(5);
        stage.Append("b");
        stage.RunFor(7);
        Expect.Equal(new Offset(1), stage.Log.FlushedTo);
        stage.Flush();
        Expect.Equal(new Offset(2), stage.Log.FlushedTo);
    }

    public static void A_flush_that_began_before_a_truncation_does_not_count()
    {
        var stage = new LogStage();
        stage.Append("a");
        stage.Flush();
        stage.Append("b");
        stage.RunFor(5);
        stage.Cut(1);
        stage.Append("c", epoch: 2);
        stage.RunFor(7);
        Expect.Equal(new Offset(1), stage.Log.FlushedTo);
    }

    public static void Bytes_that_were_truncated_under_a_response_are_never_sent()
    {
        var stage = new LogStage();
        for (int i = 0; i < 4; i++)
        {
            stage.Append($"{i}");
        }

        using LogSlice kept = stage.Log.Read(Offset.Zero, 1 << 20, new Offset(2), atLeastOneBatch: true).Slice;
        using LogSlice cut = stage.Log.Read(Offset.Zero, 1 << 20, new Offset(4), atLeastOneBatch: true).Slice;
        FileRange intact = kept.Range(0, Offset.Zero);
        FileRange gone = cut.Range(0, Offset.Zero);
        stage.Cut(2);

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
        var stage = new LogStage();
        stage.Volume.FailNextFlush();
        stage.Append("a");
        stage.Flush();
        Expect.Equal(Offset.Zero, stage.Log.FlushedTo);
        Expect.True(stage.IsOffline);
        Expect.Equal(ErrorCode.KafkaStorageError, stage.Append("b"));
    }

    public static void What_was_flushed_in_several_segments_is_there_after_a_power_cut() =>
        ForSeeds(seed =>
        {
            var stage = new LogStage(seed);
            List<string> values = Fill(stage, 12, pauseMs: 0);
            stage.Flush();
            Expect.Equal(new Offset(values.Count), stage.Log.FlushedTo);
            stage.LosePower();
            Expect.Equal(string.Join(' ', values), string.Join(' ', stage.Values()));
        });

    public static void What_is_there_after_a_power_cut_is_a_beginning_and_intact() =>
        ForSeeds(seed =>
        {
            var stage = new LogStage(seed);
            List<string> values = Fill(stage, 30, pauseMs: 3);
            Offset flushed = stage.Log.FlushedTo;
            stage.LosePower();
            List<string> kept = stage.Values();
            Expect.True(kept.Count >= flushed.Value);
            Expect.Equal(string.Join(' ', values.Take(kept.Count)), string.Join(' ', kept));
        });

    public static void A_batch_that_a_power_cut_tore_is_truncated() =>
        ForSeeds(seed =>
        {
            var stage = new LogStage(seed, segmentBytes: 1 << 20);
            List<string> values = Fill(stage, 40, pauseMs: 0);
            stage.LosePower();
            List<string> kept = stage.Values();
            Expect.Equal(string.Join(' ', values.Take(kept.Count)), string.Join(' ', kept));
        });

    public static void A_batch_that_was_flushed_and_has_become_corrupt_is_not_truncated_as_if_it_had_never_been_there() =>
        ForSeeds(seed =>
        {
            var stage = new LogStage(seed, segmentBytes: 1 << 20);
            List<string> values = Fill(stage, 12, pauseMs: 0);
            stage.Commit();
            stage.RunFor(CheckpointMs);
            values.AddRange(Fill(stage, 2, pauseMs: 0));
            List<BatchAtRest> flushed = BatchesAtRest.Of(stage.Volume);
            Expect.Equal(12, flushed.Count);
            SimRandom random = new(seed);
            BatchAtRest batch = flushed[random.Next(flushed.Count)];
            batch.File.Corrupt(seed % 2 == 0 ? batch.FlipBit(random) : batch.LoseSector());
            Expect.True(stage.RejectionAfterKill() is not null, "a log that has lost what was flushed is rejected");
            stage.Volume.MendDamage();
            stage.ComeBack();
            Expect.Equal(string.Join(' ', values), string.Join(' ', stage.Values()));
        });

    public static void Whole_batches_that_were_flushed_and_are_missing_at_the_end_are_not_taken_for_the_end()
    {
        var stage = new LogStage(segmentBytes: 1 << 20);
        Fill(stage, 12, pauseMs: 0);
        stage.Commit();
        stage.RunFor(CheckpointMs);
        BatchAtRest last = BatchesAtRest.Of(stage.Volume)[^1];
        last.File.SetLength(last.Position);
        Expect.True(stage.RejectionAfterKill() is not null, "a log that has lost what was flushed is rejected");
    }

    public static void A_time_that_only_truncated_records_had_is_not_found_any_more()
    {
        var stage = new LogStage(segmentBytes: 1 << 20);
        for (int i = 0; i < 10; i++)
        {
            stage.AppendAt($"{i}", LogStage.WallMs + i);
        }

        for (int i = 10; i < 20; i++)
        {
            stage.AppendAt($"{i}", LogStage.WallMs + 1000 + i);
        }

        stage.Cut(10);
        for (int i = 10; i < 20; i++)
        {
            stage.AppendAt($"new {i}", LogStage.WallMs + i, epoch: 2);
        }

        for (int i = 0; i < 20; i++)
        {
            Expect.Equal<Offset?>(new Offset(i), stage.FirstAtOrAfter(LogStage.WallMs + i));
        }

        Expect.Equal<Offset?>(null, stage.FirstAtOrAfter(LogStage.WallMs + 1000));
        Expect.Equal<Offset?>(new Offset(19), stage.LatestInTime());
    }

    public static void A_snapshot_of_producers_that_a_truncation_has_passed_is_gone()
    {
        var stage = new LogStage();
        int rolled = FillOneSegment(stage);
        stage.Cut(rolled / 2);
        Expect.False(
            stage.Volume.ListFiles(LogStage.Path).Any(each => LogStage.IsSnapshotAbove(each, rolled / 2)),
            "a snapshot above the end is there"
        );
        stage.Flush();
        stage.LosePower();
        Expect.False(
            stage.Volume.ListFiles(LogStage.Path).Any(each => LogStage.IsSnapshotAbove(each, rolled / 2)),
            "a snapshot above the end came back"
        );
    }

    public static void A_snapshot_of_producers_that_outlives_its_records_counts_for_nothing() =>
        ForSeeds(static seed =>
        {
            var stage = new LogStage(seed);
            FillOneSegment(stage);
            stage.MakeSnapshotsDurable();
            stage.LosePower();
            int survived = (int)stage.Log.EndOffset.Value;
            Expect.Equal(
                ErrorCode.None,
                stage.Append("again", 1, survived, out bool isDuplicate),
                $"the response to sequence {survived} after a power loss that left {survived} records"
            );
            Expect.False(isDuplicate);
        });

    /// <summary>
    /// Appends one producer's records until a second segment begins, without waiting for the disk; the offset at which it begins.
    /// </summary>
    private static int FillOneSegment(LogStage stage)
    {
        int sequence = 0;
        while (stage.Volume.ListFiles(LogStage.Path).Count(static each => each.EndsWith(".log", StringComparison.Ordinal)) < 2)
        {
            stage.Append($"{sequence}", 1, sequence);
            sequence++;
        }

        return sequence - 1;
    }

    public static void Leader_epochs_of_what_recovery_scans_are_known_again() =>
        ForSeeds(static seed =>
        {
            var stage = new LogStage(seed, segmentBytes: 1 << 20);
            for (int epoch = 1; epoch < 4; epoch++)
            {
                stage.BeginEpoch(epoch);
                stage.Append($"{epoch}", epoch);
            }

            stage.Flush();
            stage.LosePower();
            for (int epoch = 1; epoch < 4; epoch++)
            {
                Expect.Equal(
                    new Offset(epoch),
                    stage.Log.Epochs.EndOf(new LeaderEpoch(epoch), stage.Log.EndOffset).EndOffset,
                    $"the end of epoch {epoch}"
                );
            }
        });

    public static void A_topics_id_that_a_failed_flush_lost_is_written_again() =>
        ForSeeds(static seed =>
        {
            var stage = new LogStage(seed);
            Uuid id = stage.Log.TopicId;
            SimInode file = (SimInode)stage.Volume.Find("/data/t-0/partition.metadata")!;
            byte[] content = file.Current.Span.ToArray();
            file.SetLength(0);
            file.MakeDurable(file.Operations);
            file.Write(0, content);
            file.LosePages(new SimRandom(seed));
            stage.Restart();
            Expect.Equal(id, stage.Log.TopicId);
            stage.LosePower();
            Expect.Equal(id, stage.Log.TopicId);
        });

    public static void A_truncation_that_a_failed_flush_lost_is_made_again() =>
        ForSeeds(seed =>
        {
            var stage = new LogStage(seed, segmentBytes: 1 << 20);
            Fill(stage, 3, pauseMs: 0);
            stage.Commit();
            stage.RunFor(CheckpointMs);
            Fill(stage, 2, pauseMs: 0);
            stage.Flush();
            stage.Volume.FailNextFlush();
            stage.Cut(3);
            stage.Append("after", epoch: 2);
            stage.Flush();
            Expect.True(stage.IsOffline);
            stage.Restart();
            string flushed = string.Join(' ', stage.Values());
            Expect.Equal(stage.Log.EndOffset, stage.Log.FlushedTo);
            stage.LosePower();
            Expect.Equal(flushed, string.Join(' ', stage.Values()));
        });

    public static void A_record_that_was_truncated_is_new_when_its_producer_sends_it_again()
    {
        var stage = new LogStage();
        stage.Append("a", 1, sequence: 0);
        stage.Append("b", 1, sequence: 1);
        stage.Flush();
        stage.Cut(1);
        Expect.Equal(ErrorCode.None, stage.Append("b", 2, sequence: 1, out bool isDuplicate));
        Expect.False(isDuplicate);
        Expect.Equal(new Offset(2), stage.Log.EndOffset);
    }

    public static void A_new_leader_knows_the_producers_of_the_old_one()
    {
        var stage = new LogStage();
        stage.Append("a", 1, sequence: 0);
        stage.BeginEpoch(2);
        Expect.Equal(ErrorCode.None, stage.Append("a", 2, sequence: 0, out bool isDuplicate));
        Expect.True(isDuplicate);
    }

    public static void A_sequence_that_does_not_follow_is_rejected()
    {
        var stage = new LogStage();
        stage.Append("a", 1, sequence: 0);
        Expect.Equal(ErrorCode.OutOfOrderSequenceNumber, stage.Append("c", 1, sequence: 2));
    }

    public static void KAFKA_10706_a_truncation_at_the_end_drops_epochs_that_left_no_record()
    {
        var stage = new LogStage();
        stage.Append("a", epoch: 1);
        stage.BeginEpoch(3);
        stage.Cut(1);
        Expect.Equal(new LeaderEpoch(1), stage.Log.Epochs.Latest);
    }

    private static List<string> Fill(LogStage stage, int records, int pauseMs)
    {
        List<string> values = [];
        for (int each = 0; each < records; each++)
        {
            values.Add($"{each}-{new string('x', 300)}");
            Expect.Equal(ErrorCode.None, stage.Append(values[^1]));
            if (pauseMs > 0)
            {
                stage.RunFor(pauseMs);
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

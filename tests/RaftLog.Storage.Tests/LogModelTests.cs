using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// A log against a list, under any order of appends, flushes, truncations, clean stops, kills and power losses. After each crash: all that
/// was published as flushed is there; no (epoch, offset) ever holds two values; offsets have no gap, epochs never go back; and epochs,
/// producers and transactions are what the records alone say.
/// </summary>
public class LogModelTests
{
    /// <summary>The same cases in every usual run, so that a red run is the change's fault.</summary>
    [Property(250, EndSize = 120, UsualSeed = "20260101,3")]
    public void A_log_keeps_what_it_said_was_flushed_through_any_crash((byte Kind, byte Choice)[] steps) =>
        new Run(steps.Length).Play(steps);

    /// <summary>A cut, a killed process and then a power cut: the cut had to be made durable by the recovery between them.</summary>
    [Fact]
    public void A_power_cut_after_a_truncation_keeps_what_was_flushed_since()
    {
        (byte Kind, byte Choice)[] steps =
        [
            (0, 4),
            (184, 0),
            (0, 83),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (6, 0),
            (6, 0),
            (0, 0),
            (6, 0),
            (118, 238),
            (216, 165),
            (87, 3),
            (51, 184),
            (137, 215),
            (114, 133),
            (243, 120),
            (84, 243),
            (49, 102),
            (58, 45),
            (59, 97),
            (68, 115),
            (225, 176),
            (59, 125),
            (9, 0),
            (40, 230),
            (209, 40),
            (238, 255),
            (74, 89),
            (85, 12),
            (104, 73),
            (8, 95),
            (12, 59),
            (183, 226),
            (75, 122),
            (1, 62),
            (187, 254),
            (114, 57),
        ];

        new Run(steps.Length).Play(steps);
    }

    /// <summary>The log's only file is replaced, and after the power cut neither the old one nor the new one is there.</summary>
    [Fact]
    public void A_power_cut_while_the_only_segment_is_replaced_keeps_where_the_log_begins()
    {
        (byte Kind, byte Choice)[] steps =
        [
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (8, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (254, 1),
            (0, 1),
            (0, 0),
            (0, 0),
            (0, 130),
            (200, 207),
            (105, 22),
            (182, 250),
            (201, 197),
            (244, 134),
            (36, 180),
            (153, 187),
            (203, 123),
            (28, 109),
            (148, 196),
            (250, 249),
            (123, 157),
            (56, 18),
            (2, 91),
            (10, 193),
            (145, 61),
            (167, 114),
            (93, 35),
            (82, 63),
            (53, 34),
            (197, 151),
            (144, 161),
            (154, 137),
            (20, 18),
            (6, 56),
            (142, 249),
            (164, 236),
            (74, 132),
            (92, 142),
            (100, 19),
            (125, 47),
            (220, 96),
            (255, 252),
            (91, 250),
            (183, 10),
            (162, 128),
            (159, 91),
            (247, 159),
            (221, 48),
            (88, 180),
            (93, 60),
            (99, 192),
            (149, 174),
            (178, 229),
            (41, 170),
            (89, 90),
        ];

        new Run(steps.Length).Play(steps);
    }

    private sealed class Run(int seed)
    {
        private readonly Dictionary<(int Epoch, long Offset), string> _ever = [];
        private readonly Dictionary<long, int> _sequences = [];

        /// <summary>Where batches began at some time: a high watermark never lies inside a batch.</summary>
        private readonly HashSet<long> _batchStarts = [];
        private List<(long Offset, int Epoch, string Value)> _model = [];
        private Node _node = new Node().Run();
        private PartitionLog? _log;
        private uint _random = (uint)seed + 1;
        private int _epoch;
        private int _written;
        private long _flushed;

        public void Play((byte Kind, byte Choice)[] steps)
        {
            _log = _node.Create();
            foreach ((byte kind, byte choice) in steps)
            {
                Step(kind % 16, choice);
                Watch();
            }

            Crash(powerLoss: true);
        }

        private void Step(int kind, byte choice)
        {
            switch (kind)
            {
                case 0 or 1 or 2 or 3:
                    Append(1 + (choice % 3), choice);
                    break;
                case 4:
                    AppendTransaction(choice);
                    break;
                case 5:
                    Follow(choice);
                    break;
                case 6 or 7:
                    _node.Flush();
                    break;
                case 8:
                    HoldOrRelease();
                    break;
                case 9:
                    Truncate(Bounded(choice, _log!.HighWatermark.Value, _log.EndOffset.Value));
                    break;
                case 10:
                    long chosen = Bounded(choice, _log!.HighWatermark.Value, _log.FlushedTo.Value);
                    _log.SetHighWatermark(
                        new Offset(_batchStarts.Where(start => start <= chosen && IsBoundary(start)).Append(_log.HighWatermark.Value).Max())
                    );
                    break;
                case 11:
                    _node.WriteCheckpoints();
                    break;
                case 12:
                    TruncateBelowHighWatermark(choice);
                    break;
                case 13:
                    _log!.AdvanceStart(
                        new Offset(Bounded(choice, _log.StartOffset.Value, Math.Max(_log.StartOffset.Value, _log.HighWatermark.Value / 2)))
                    );
                    break;
                case 14:
                    Crash(powerLoss: choice % 3 != 0);
                    break;
                case 15:
                    Restart();
                    break;
            }
        }

        private void Append(int records, byte choice)
        {
            string[] values = [.. Enumerable.Range(0, records).Select(_ => $"value {_written++}")];
            var producer = new ProducerId(1 + (choice % 4));
            int sequence = _log!.Producers.Find(producer) is { } known
                ? known.LastSequence + 1
                : _sequences.GetValueOrDefault(producer.Value);
            if (_log.Producers.Find(producer) is { IsInTransaction: true })
            {
                return;
            }

            AppendResult result = _log.AppendAsLeader(
                With(new ProducerStamp(producer, new ProducerEpoch(0), sequence), values),
                new LeaderEpoch(_epoch),
                AppendSettings.Default,
                Now
            );
            Assert.Equal((ErrorCode.None, false, _log.EndOffset - records), (result.Error, result.IsDuplicate, result.BaseOffset));
            Note(values);
        }

        private void AppendTransaction(byte choice)
        {
            var producer = new ProducerId(10 + (choice % 3));
            int next = _log!.Producers.Find(producer)?.LastSequence + 1 ?? 0;
            var stamp = new ProducerStamp(producer, new ProducerEpoch(0), next);
            if (_log.Producers.Find(producer) is { IsInTransaction: true } && choice % 2 == 0)
            {
                ControlRecordType type = choice % 4 == 0 ? ControlRecordType.Abort : ControlRecordType.Commit;
                Assert.True(_log.AppendBuilt(Marker(type, stamp, 0), new LeaderEpoch(_epoch), Now).IsAccepted);
                Note([type.ToString()]);
                return;
            }

            string[] values = [$"value {_written++}"];
            Assert.Equal(
                ErrorCode.None,
                _log.AppendAsLeader(Transactional(stamp, values), new LeaderEpoch(_epoch), AppendSettings.Default, Now).Error
            );
            Note(values);
        }

        private void Follow(byte choice)
        {
            List<Memory<byte>> batches = [];
            List<string> values = [];
            long offset = _log!.EndOffset.Value;
            for (int i = 0; i <= choice % 4; i++)
            {
                values.Add($"value {_written++}");
                batches.Add(At(offset++, _epoch, Of(values[^1])));
            }

            Memory<byte> tooNew = At(offset, _epoch + 1, Of("too new"));
            Assert.Equal(ErrorCode.None, _log.AppendAsFollower(Join([.. batches, tooNew]), new LeaderEpoch(_epoch), Now).Error);
            Note([.. values]);
        }

        private void HoldOrRelease()
        {
            if (_node.Disk.HeldFlush is { } held)
            {
                _node.Disk.HeldFlush = null;
                held.SetResult();
                _node.Flush();
            }
            else
            {
                _node.Disk.HeldFlush = new TaskCompletionSource();
            }
        }

        private void Truncate(long offset)
        {
            _log!.TruncateTo(new Offset(offset));
            _model.RemoveAll(record => record.Offset >= _log.EndOffset.Value);
            _flushed = Math.Min(_flushed, _log.EndOffset.Value);
            _epoch++;
        }

        private void TruncateBelowHighWatermark(byte choice)
        {
            if (_node.Disk.HeldFlush is null)
            {
                long offset = Bounded(choice, _log!.StartOffset.Value, _log.EndOffset.Value);
                _node.Pump.Finish(() => _node.Directory.PrepareTruncationAsync(_log, new Offset(offset)));
                Truncate(offset);
            }
        }

        private void Restart()
        {
            if (_node.Disk.HeldFlush is not null)
            {
                HoldOrRelease();
            }

            _node.Flush();
            _node = _node.Restart();
            Reopen();
            Assert.Equal(_model.Where(record => record.Offset >= _log!.StartOffset.Value).Select(record => record.Value), AllValues());
        }

        private void Crash(bool powerLoss)
        {
            _node.Flush();
            if (powerLoss)
            {
                _node = _node.LosePower(Next);
            }
            else
            {
                _node.Disk.KillProcess();
                _node = new Node(_node.Disk).Run();
            }

            if (_node.Disk.DirectoryExists($"{Node.Root}/{Node.Orders}"))
            {
                Reopen();
            }
            else
            {
                Assert.Equal(0, _flushed);
                _log = _node.Create();
            }

            CheckAgainstHistory();
            _epoch++;
            _flushed = _log!.FlushedTo.Value;
            _model = Records();
        }

        private void Reopen()
        {
            _log = _node.Open();
            Assert.Equal(_log.EndOffset, _log.FlushedTo);
            CheckDerived();
        }

        private void Watch()
        {
            Assert.True(_log!.FlushedTo <= _log.EndOffset);
            Assert.True(_log.LastStableOffset <= _log.HighWatermark && _log.HighWatermark <= _log.EndOffset);
            _flushed = Math.Max(_flushed, _log.FlushedTo.Value);
        }

        private void CheckAgainstHistory()
        {
            List<(long Offset, int Epoch, string Value)> found = Records();
            Assert.True(_log!.EndOffset.Value >= _flushed, $"the log ends at {_log.EndOffset}, but {_flushed} was published as flushed");
            Assert.Equal(
                _model.Where(record => record.Offset >= _log.StartOffset.Value && record.Offset < _flushed),
                found.Where(record => record.Offset < _flushed)
            );
            int epoch = 0;
            long offset = _log.StartOffset.Value;
            foreach ((long Offset, int Epoch, string Value) record in found)
            {
                Assert.Equal(_ever[(record.Epoch, record.Offset)], record.Value);
                Assert.True(record.Epoch >= epoch);
                Assert.Equal(offset++, record.Offset);
                epoch = record.Epoch;
            }
        }

        /// <summary>Epochs, producers and transactions are what a walk over the whole log says.</summary>
        private void CheckDerived()
        {
            List<(long Offset, int Epoch, string Value)> found = Records();
            List<EpochEntry> epochs = [];
            foreach ((long offset, int epoch, _) in found)
            {
                if (epochs.Count == 0 || epochs[^1].Epoch.Value != epoch)
                {
                    epochs.Add(new EpochEntry(new LeaderEpoch(epoch), new Offset(offset)));
                }
            }

            if (found.Count == 0 && _log!.StartOffset != Offset.Zero)
            {
                // The newest epoch of records that were deleted, not truncated, is still known.
                return;
            }

            Assert.Equal(epochs, _log!.Epochs.Entries);
            if (_log.StartOffset != Offset.Zero)
            {
                return;
            }

            var anew = new ProducerStates();
            List<AbortedTransaction> aborted = [];
            foreach (LogSegment segment in _log.Segments)
            {
                ProducerReplay.Replay(segment, Offset.Zero, anew);
                aborted.AddRange(segment.Transactions.Entries.ToArray());
            }

            anew.Committed(_log.HighWatermark);
            Assert.Equal(ProducerSnapshot.Format([.. anew.Producers]), _log.Producers.Snapshot());
            Assert.Equal(anew.FirstUnstable, _log.Producers.FirstUnstable);
            Assert.Equal(
                found.Where(record => record.Value == nameof(ControlRecordType.Abort)).Select(record => record.Offset),
                aborted.Select(entry => entry.LastOffset.Value)
            );
        }

        private List<(long Offset, int Epoch, string Value)> Records() =>
            Batches
                .Records(_log!)
                .ConvertAll(record =>
                    (
                        record.Offset,
                        record.Epoch,
                        _ever.GetValueOrDefault((record.Epoch, record.Offset), "?") is var known
                        && known is nameof(ControlRecordType.Abort) or nameof(ControlRecordType.Commit)
                            ? known
                            : record.Value
                    )
                );

        private IEnumerable<string> AllValues() => Records().Select(record => record.Value);

        private void Note(string[] values)
        {
            _batchStarts.Add(_log!.EndOffset.Value);
            foreach (string value in values)
            {
                long offset = _model.Count == 0 ? _log!.EndOffset.Value - values.Length : _model[^1].Offset + 1;
                _model.Add((offset, _epoch, value));
                Assert.True(_ever.TryAdd((_epoch, offset), value), $"epoch {_epoch} wrote offset {offset} twice");
            }
        }

        private bool IsBoundary(long offset)
        {
            using LogSlice slice = _log!.Read(Offset.Max(new Offset(offset), _log.StartOffset), 1, _log.EndOffset, true).Slice;
            return slice.IsEmpty || slice.FirstOffset.Value == offset;
        }

        private long Bounded(byte choice, long low, long high) => high <= low ? low : low + (choice % (high - low + 1));

        private int Next(int bound)
        {
            _random ^= _random << 13;
            _random ^= _random >> 17;
            _random ^= _random << 5;
            return (int)(_random % (uint)bound);
        }
    }
}

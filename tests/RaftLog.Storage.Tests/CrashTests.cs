using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// The disk stops at every single operation of a scripted life, and the power goes with none, all or some of what was not flushed: what a
/// start then finds is what a model allows. The life of compaction is in <see cref="CleaningTests"/>.
/// </summary>
public class CrashTests
{
    private const int Subsets = 4;

    /// <summary>So many batches fill a segment and go beyond where the next one began before the crash.</summary>
    private const int AppendsAfterwards = 12;

    /// <summary>
    /// a append, A a transaction that is aborted, f flush, h high watermark, c checkpoints, r roll, t truncation to the high watermark,
    /// b truncation below it, s start moves, n retention, x snapshot, o stop in order and start, k kill and start.
    /// </summary>
    private const string Script = "aAfhaacAafhraatafhcaAfhsaafhcxAafbaafhcAatafhnafhcxakaAfhcAafhoaafhbAfhcaksafhxtaAarafhaAraakaAfhc";

    [Fact]
    public void A_crash_at_any_operation_of_a_scripted_life_leaves_what_the_model_allows()
    {
        int operations = new Life(int.MaxValue).Run(static _ => 0);
        Assert.InRange(operations, 200, 20_000);
        for (int at = 0; at < operations; at++)
        {
            new Life(at).Run(static _ => 0);
            new Life(at).Run(static most => most - 1);
            for (int seed = 0; seed < Subsets; seed++)
            {
                new Life(at).Run(new Random((at * 31) + seed).Next);
            }
        }
    }

    private sealed class Life
    {
        private static readonly LogSettings Settings = new() { SegmentBytes = 400, IndexIntervalBytes = 100 };

        private readonly CrashDisk _disk = new();
        private readonly FailingDisk _failing;
        private readonly int _failAt;
        private readonly Dictionary<(int Epoch, long Offset), string> _ever = [];

        /// <summary>Where aborted transactions begin, by their markers.</summary>
        private readonly Dictionary<(int Epoch, long Offset), long> _aborted = [];
        private List<(long Offset, int Epoch, string Value)> _model = [];
        private Node _node;
        private PartitionLog _log;
        private SnapshotStore _snapshots;
        private StoredSnapshotId? _frozen;
        private Offset _promised;
        private int _epoch;
        private int _written;

        public Life(int failAt)
        {
            _failAt = failAt;
            _failing = new FailingDisk(_disk);
            _node = new Node(_disk, _failing).Run();
            _log = _node.Create(Settings);
            _node.Flush();
            _disk.CreateDirectory("/snapshots");
            _node.Pump.Finish(() => _disk.FlushDirectoryAsync("/"));
            _snapshots = new SnapshotStore(_failing, "/snapshots");
        }

        /// <summary>Lives until the disk stops, crashes and checks; the operations of the disk.</summary>
        public int Run(Func<int, int> survives)
        {
            int before = _failing.Operations;
            _failing.FailAt = _failAt == int.MaxValue ? _failAt : before + _failAt;
            foreach (char step in Script)
            {
                if (!TryStep(step) || _node.Directory.Health.IsOffline)
                {
                    break;
                }
            }

            int operations = _failing.Operations - before;
            _disk.LosePower(survives);
            _failing.FailAt = int.MaxValue;
            Reopen();
            Check();

            // What a start has made durable stays, whatever the next crash takes.
            List<(long, int, string)> recovered = Records(_log);
            _disk.LosePower(static _ => 0);
            Reopen();
            Assert.Equal(recovered, Records(_log));
            GoOn();
            return operations;
        }

        /// <summary>
        /// The next start believes without a look what the one before has recovered, as it lies below the recovery point then.
        /// </summary>
        private void GoOn()
        {
            _model = Records(_log);
            for (int i = 0; i < AppendsAfterwards; i++)
            {
                Append();
            }

            _node.Flush();
            _promised = _log.FlushedTo;
            Assert.Equal(_log.EndOffset, _promised);
            _log.SetHighWatermark(_promised);
            _node.WriteCheckpoints();
            _disk.LosePower(static _ => 0);
            Reopen();
            Check();
        }

        private bool TryStep(char step)
        {
            try
            {
                Step(step);
                return true;
            }
            catch (DiskException)
            {
                return false;
            }
        }

        private void Step(char step)
        {
            switch (step)
            {
                case 'a':
                    Append();
                    break;
                case 'A':
                    Abort();
                    break;
                case 'f':
                    _node.Flush();
                    _promised = Offset.Max(_promised, _log.FlushedTo);
                    break;
                case 'h':
                    _log.SetHighWatermark(_log.FlushedTo);
                    break;
                case 'c':
                    _node.WriteCheckpoints();
                    break;
                case 'r':
                    _log.Roll(Now);
                    break;
                case 't':
                    Truncate(_log.HighWatermark);
                    break;
                case 'b':
                    Offset below = Offset.Max(_log.StartOffset, _log.HighWatermark - 2);
                    _node.Pump.Finish(() => _node.Directory.PrepareTruncationAsync(_log, below));
                    Truncate(below);
                    break;
                case 's':
                    _log.AdvanceStart(Offset.Max(_log.StartOffset, _log.HighWatermark - 3));
                    break;
                case 'n':
                    _log.Retain(new RetentionLimits(-1, 500), Now);
                    break;
                case 'x':
                    Snapshot();
                    break;
                case 'o':
                    _node.Flush();
                    _promised = Offset.Max(_promised, _log.FlushedTo);
                    _node.Close();
                    Reopen();
                    break;
                case 'k':
                    _disk.KillProcess();
                    Reopen();
                    _promised = Offset.Max(_promised, _log.FlushedTo);
                    break;
            }
        }

        private void Append()
        {
            string value = $"value {_written++}";
            Note(value, () => _log.AppendAsLeader(Of(value), new LeaderEpoch(_epoch), AppendSettings.Default, Now));
        }

        private void Abort()
        {
            string value = $"value {_written}";
            ProducerStamp producer = new(new ProducerId(_written++), new ProducerEpoch(0), 0);
            Memory<byte> marker = Marker(ControlRecordType.Abort, producer, 0);
            long first = _log.EndOffset.Value;
            Note(value, () => _log.AppendAsLeader(Transactional(producer, value), new LeaderEpoch(_epoch), AppendSettings.Default, Now));
            _aborted[(_epoch, _log.EndOffset.Value)] = first;
            Note(Values(marker.Span).Single(), () => _log.AppendBuilt(marker, new LeaderEpoch(_epoch), Now));
        }

        private void Note(string value, Func<AppendResult> append)
        {
            long offset = _log.EndOffset.Value;
            _ever[(_epoch, offset)] = value;
            if (append().IsAccepted)
            {
                _model.Add((offset, _epoch, value));
            }
        }

        private void Truncate(Offset offset)
        {
            _promised = Offset.Min(_promised, offset);
            _epoch++;
            _log.TruncateTo(offset);
            _model.RemoveAll(record => record.Offset >= offset.Value);
        }

        private void Snapshot()
        {
            StoredSnapshotId id = new(_log.HighWatermark, new LeaderEpoch(_epoch));
            using SnapshotWriter writer = _snapshots.Begin(id);
            writer.Append(Of("state", $"{id}").Span);
            _node.Pump.Finish(writer.FreezeAsync);
            _frozen = id;
            _snapshots.DeleteOlderThan(id);
        }

        private void Reopen()
        {
            _node = new Node(_disk, _failing).Run();
            _log = _node.Open(Settings);
            _epoch++;
        }

        private void Check()
        {
            string where = $"operation {_failAt}";
            Assert.True(_log.EndOffset >= _promised, $"{where}: {_promised} was promised, and the log ends at {_log.EndOffset}");
            List<(long Offset, int Epoch, string Value)> found = Records(_log);
            Assert.Equal(
                _model.Where(record => record.Offset >= _log.StartOffset.Value && record.Offset < _promised.Value),
                found.Where(record => record.Offset < _promised.Value)
            );
            long next = _log.StartOffset.Value;
            int epoch = 0;
            foreach ((long Offset, int Epoch, string Value) record in found)
            {
                Assert.Equal(next++, record.Offset);
                Assert.Equal(_ever[(record.Epoch, record.Offset)], record.Value);
                Assert.True(record.Epoch >= epoch, where);
                epoch = record.Epoch;
            }

            Assert.Equal(_log.EndOffset.Value, next);
            long[] markers =
            [
                .. found
                    .Where(record => _aborted.TryGetValue((record.Epoch, record.Offset), out long first) && first >= _log.StartOffset.Value)
                    .Select(static record => record.Offset),
            ];
            Assert.Equal(
                markers,
                _log.AbortedTransactions(_log.StartOffset, _log.EndOffset)
                    .Where(transaction => transaction.FirstOffset >= _log.StartOffset)
                    .Select(static transaction => transaction.LastOffset.Value)
            );
            Assert.Empty(LogDirectoryVerificationOf(_log.Path));
            _snapshots.RemoveUnfinished();
            if (_frozen is { } frozen)
            {
                StoredSnapshotId latest = _snapshots.Latest()!.Value;
                Assert.True(latest.CompareTo(frozen) >= 0, where);
                Assert.Equal(["state", $"{latest}"], Values(_disk.BytesOf(_snapshots.PathOf(latest))));
            }
        }

        /// <summary>What contradicts each other in the files of the log that a start has recovered.</summary>
        private IReadOnlyList<LogFinding> LogDirectoryVerificationOf(string path) =>
            [
                .. new LogVerification(_disk, path, default)
                    .Run()
                    .Where(finding => finding.Repair is LogRepairKind.Truncate or LogRepairKind.Scan),
            ];
    }
}

using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// The disk stops at every single operation of a scripted life, and the power goes with none, all, each or some of what was not flushed:
/// what a start then finds is what a model allows. The life of compaction is in <see cref="CleaningTests"/>.
/// </summary>
public class CrashTests
{
    /// <summary>So many batches fill a segment and go beyond where the next one began before the crash.</summary>
    private const int AppendsAfterwards = 12;

    /// <summary>
    /// a append, A a transaction that is aborted, f flush, h high watermark, c checkpoints, r roll, t truncation to the high watermark,
    /// b truncation below it, s start moves, n retention, x snapshot, o stop in order and start, k kill and start.
    /// </summary>
    private const string Script =
        "aAfhaacAafhraatafhcaAfhsaafhcxAafbaafhcAatafhnafhcxakaAfhcAafhoaafhbAfhcaksafhxtaAarafhaAraakaAfhcAfhcraafhcAfhcra";

    [Fact]
    [Trait("Category", "Slow")]
    public void A_crash_at_any_operation_of_a_scripted_life_leaves_what_the_model_allows()
    {
        CrashPoints.LiveAll(static (failAt, losePower) => new Life(failAt).Run(losePower), leastOperations: 200, subsets: 4);
    }

    private sealed class Life
    {
        private static readonly LogSettings Settings = new() { SegmentBytes = 400, IndexIntervalBytes = 100 };

        private readonly CrashDisk _disk = new();
        private readonly FailingDisk _failing;
        private readonly int _failAt;
        private readonly CrashModel _model = new();

        /// <summary>Where aborted transactions begin, by their markers.</summary>
        private readonly Dictionary<(int Epoch, long Offset), long> _aborted = [];
        private Node _node;
        private PartitionLog _log;
        private SnapshotStore _snapshots;
        private StoredSnapshotId? _frozen;

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
        public int Run(Action<CrashDisk> losePower)
        {
            int before = _failing.Operations;
            _failing.StopAt(_failAt);
            foreach (char step in Script)
            {
                if (!TryStep(step) || _node.Directory.Health.IsOffline)
                {
                    break;
                }
            }

            int operations = _failing.Operations - before;
            losePower(_disk);
            _failing.FailAt = CrashPoints.Never;
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
            _model.TakeOver(_log);
            for (int i = 0; i < AppendsAfterwards; i++)
            {
                Append();
            }

            _node.Flush();
            Assert.Equal(_log.EndOffset, _log.FlushedTo);
            _model.Promise(_log.FlushedTo);
            _log.SetHighWatermark(_log.FlushedTo);
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
                    _model.Promise(_log.FlushedTo);
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
                    _model.Truncate(_log, _log.HighWatermark);
                    break;
                case 'b':
                    Offset below = Offset.Max(_log.StartOffset, _log.HighWatermark - 2);
                    _node.Pump.Finish(() => _node.Directory.PrepareTruncationAsync(_log, below));
                    _model.Truncate(_log, below);
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
                    _model.Promise(_log.FlushedTo);
                    _node.Close();
                    Reopen();
                    break;
                case 'k':
                    _disk.KillProcess();
                    Reopen();
                    _model.Promise(_log.FlushedTo);
                    break;
            }
        }

        private void Append()
        {
            string value = _model.NextValue();
            _model.Append(_log, value, () => _log.AppendAsLeader(Of(value), _model.Epoch, AppendSettings.Default, Now));
        }

        private void Abort()
        {
            ProducerStamp producer = new(new ProducerId(_model.Written), new ProducerEpoch(0), 0);
            string value = _model.NextValue();
            Memory<byte> marker = Marker(ControlRecordType.Abort, producer, 0);
            long first = _log.EndOffset.Value;
            _model.Append(
                _log,
                value,
                () => _log.AppendAsLeader(Transactional(producer, value), _model.Epoch, AppendSettings.Default, Now)
            );
            _aborted[(_model.Epoch.Value, _log.EndOffset.Value)] = first;
            _model.Append(_log, Values(marker.Span).Single(), () => _log.AppendBuilt(marker, _model.Epoch, Now));
        }

        private void Snapshot()
        {
            StoredSnapshotId id = new(_log.HighWatermark, _model.Epoch);
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
            _model.NextEpoch();
        }

        private void Check()
        {
            string where = $"operation {_failAt}";
            long[] markers =
            [
                .. _model
                    .Check(_log, where)
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

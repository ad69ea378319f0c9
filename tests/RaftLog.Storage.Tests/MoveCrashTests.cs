using RaftLog.Platform;
using RaftLog.Protocol;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// A log moves to another directory and back while it is written to, and the disk stops at every single operation of that: one log is there
/// afterwards, with all that has counted, and the move goes on.
/// </summary>
public class MoveCrashTests
{
    /// <summary>
    /// a append, f flush, h high watermark, c checkpoints, r roll, m a move begins, p a piece is copied, w the copy follows, s the copy
    /// takes the log's place if it may, t truncation to the high watermark, u start moves, d the move is given up, k kill and start.
    /// </summary>
    private const string Script = "aafhracaafhmpapafwafasfhaacfhafmpptafpwafhsaafhcampdafhmpkafpwafuasafhwfsaafhcraafhmppppwsafskaafhc";

    [Fact]
    [Trait("Category", "Slow")]
    public void A_crash_at_any_operation_of_a_move_leaves_one_log_with_all_that_counted()
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
        private TwoDirectories _node;
        private LogMove? _move;
        private int _moved;

        public Life(int failAt)
        {
            _failAt = failAt;
            _failing = new FailingDisk(_disk);
            _node = new TwoDirectories(_disk, _failing, Settings);
            _node.Create();
            _node.Flush();
        }

        /// <summary>Lives until the disk stops, crashes and checks; the operations of the disk.</summary>
        public int Run(Action<CrashDisk> losePower)
        {
            int before = _failing.Operations;
            _failing.StopAt(_failAt);
            foreach (char step in Script)
            {
                if (!TryStep(step) || _node.All.Any(each => each.Health.IsOffline))
                {
                    break;
                }
            }

            int operations = _failing.Operations - before;
            if (_failAt == CrashPoints.Never)
            {
                Assert.Equal(4, _moved);
            }

            _failing.FailAt = CrashPoints.Never;
            losePower(_disk);
            Reopen();
            _model.Check(_node.Log, $"operation {_failAt}");

            // What a start has made durable stays, whatever the next crash takes.
            List<(long, int, string)> recovered = Records(_node.Log);
            _disk.LosePower(static _ => 0);
            Reopen();
            Assert.Equal(recovered, Records(_node.Log));
            MoveToTheEnd();
            Assert.Equal(recovered, Records(_node.Log));
            return operations;
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
            PartitionLog log = _node.Log;
            switch (step)
            {
                case 'a':
                    Append();
                    break;
                case 'f':
                    _node.Flush();
                    _model.Promise(Durable());
                    break;
                case 'h':
                    log.SetHighWatermark(Durable());
                    break;
                case 'c':
                    _node.WriteCheckpoints();
                    break;
                case 'r':
                    log.Roll(Now);
                    break;
                case 't':
                    _model.Truncate(log, log.HighWatermark);
                    _move?.Shorten(log);
                    break;
                case 'u':
                    log.AdvanceStart(Offset.Max(log.StartOffset, log.HighWatermark - 3));
                    _move?.Shorten(log);
                    break;
                case 'm':
                    Begin();
                    break;
                case 'p':
                    Copy();
                    break;
                case 'w':
                    Reconcile();
                    Assert.True(_move?.TryFollow(log, log.DurableEnd, Now) != false || _node.All.Any(each => each.Health.IsOffline));
                    break;
                case 's':
                    TryFinish();
                    break;
                case 'd':
                    _move?.Target.Futures.Drop(_move.Future);
                    _move = null;
                    break;
                case 'k':
                    _disk.KillProcess();
                    Reopen();
                    break;
            }
        }

        private Offset Durable() => _move?.DurableEnd(_node.Log.DurableEnd) ?? _node.Log.DurableEnd;

        private void Append()
        {
            PartitionLog log = _node.Log;
            string value = _model.NextValue();
            bool isTaken = _model.Append(log, value, () => log.AppendAsLeader(Of(value), _model.Epoch, AppendSettings.Default, Now));
            if (isTaken && _move is { IsFollowing: true } move)
            {
                move.TryCatchUp(log, Now);
            }
        }

        private void Begin()
        {
            LogDirectory target = _node.Other;
            CreatedLog created = _node.Pump.Finish(() => target.Futures.CreateAsync(new NewLog(Node.Orders, Node.OrdersId, Settings)));
            _move = new LogMove(created.Log!, target);
        }

        private void Copy()
        {
            if (_move is null)
            {
                return;
            }

            PartitionLog log = _node.Log;
            Reconcile();
            ReadResult found = log.Read(_move.Future.EndOffset, 300, log.EndOffset, atLeastOneBatch: true);
            using LogSlice slice = found.Slice;
            byte[] bytes = new byte[slice.Length];
            if (slice.Length > 0)
            {
                Assert.True(_move.TryAppend(log, bytes.AsMemory(0, slice.Read(bytes)), Now) || _move.Target.Health.IsOffline);
            }
        }

        private void Reconcile()
        {
            while (_move is { MustReconcile: true } move)
            {
                _node.Pump.Finish(move.PrepareTruncationAsync);
                move.Reconcile(_node.Log);
            }
        }

        private bool TryFinish()
        {
            PartitionLog log = _node.Log;
            LogDirectory from = _node.Holder;
            if (_move is not { } move || !move.HasAllOf(log) || !move.Target.TryReplace(move.Future, log, from))
            {
                return false;
            }

            _move = null;
            _moved++;
            _node.Pump.Finish(() => move.Target.RemoveReplacedAsync(log, from));
            return true;
        }

        private void MoveToTheEnd()
        {
            if (_move is null)
            {
                Begin();
            }

            LogDirectory target = _move!.Target;
            Reconcile();
            while (_move.Future.EndOffset < _node.Log.EndOffset)
            {
                Copy();
            }

            Assert.True(_move.TryFollow(_node.Log, _node.Log.DurableEnd, Now));
            _node.Flush();
            Assert.True(TryFinish());
            _node.Flush();
            Assert.Same(target, _node.Holder);
            Assert.All(_node.All, each => Assert.Empty(each.Futures.All));
            Assert.DoesNotContain(
                _node.All.SelectMany(each => _disk.ListDirectories(each.Path)),
                name => name.EndsWith("-future", StringComparison.Ordinal)
            );
        }

        private void Reopen()
        {
            _node = new TwoDirectories(_disk, _failing, Settings);
            _model.NextEpoch();
            _move = null;
            foreach (LogDirectory directory in _node.All)
            {
                if (directory.Futures.Find(Node.Orders) is { } future)
                {
                    if (directory == _node.Holder)
                    {
                        directory.Futures.Drop(future);
                    }
                    else
                    {
                        _move = new LogMove(future, directory);
                    }
                }
            }
        }
    }
}

using RaftLog.Broker.Control;
using RaftLog.Broker.Quorum;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of the shell of the controller, and of the snapshots of its log.</summary>
internal static class ControllerScenarios
{
    public static void The_controller_answers_when_its_records_are_committed_and_not_before() =>
        new ScenarioLog().Run(async scenario =>
        {
            Shell shell = new(scenario);
            shell.Controller.LeadershipGained(new LeaderEpoch(1), Offset.None);
            shell.Controller.Committed(shell.Loader);
            Task<BrokerRegistrationResponse> response = shell.RegisterAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(100), scenario.Time);
            Expect.True(shell.EndOffset > Offset.Zero);
            Expect.False(response.IsCompleted);
            shell.Controller.LeadershipLost();
            Expect.Equal(ErrorCode.RequestTimedOut, (await response).ErrorCode);
        });

    public static void A_controller_that_was_deposed_begins_anew_from_what_is_committed() =>
        new ScenarioLog().Run(async scenario =>
        {
            Shell shell = new(scenario);
            shell.Controller.LeadershipGained(new LeaderEpoch(1), Offset.None);
            shell.Controller.Committed(shell.Loader);
            Task<BrokerRegistrationResponse> lost = shell.RegisterAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(100), scenario.Time);
            shell.Controller.LeadershipLost();
            Expect.Equal(ErrorCode.RequestTimedOut, (await lost).ErrorCode);
            Offset end = shell.EndOffset;
            shell.Controller.LeadershipGained(new LeaderEpoch(2), end);
            Expect.Equal(ErrorCode.NotController, (await shell.RegisterAsync()).ErrorCode);
            Expect.Equal(end, shell.EndOffset);
        });

    public static void A_metadata_snapshot_is_named_after_the_first_offset_that_it_does_not_hold() =>
        new ScenarioLog().Run(async scenario =>
        {
            MetadataStoreOptions options = new(
                SegmentBytes: 1 << 20,
                SegmentMs: 1 << 30,
                BytesBetweenSnapshots: 1 << 20,
                SnapshotIntervalMs: 0,
                RetentionBytes: 1 << 20
            );
            MetadataStore store = await MetadataStore.OpenAsync(
                scenario.Directory,
                scenario.Disk,
                [new NodeId(1)],
                options,
                static _ => { }
            );
            MetadataImage image = MetadataImage.Empty with { Provenance = new MetadataProvenance(new Offset(4), new LeaderEpoch(2)) };
            RaftLog.Raft.SnapshotId taken = await store.WriteSnapshotAsync(image, timestampMs: 0);
            Expect.Equal(new RaftLog.Raft.SnapshotId(new Offset(5), new LeaderEpoch(2)), taken);
        });

    /// <summary>The shell of a controller whose log takes every batch, and of which nothing is ever committed.</summary>
    private sealed class Shell : IMetadataAppender
    {
        public Shell(ScenarioLog scenario)
        {
            var waiters = new Waiters(scenario.Time);
            var loop = new EventLoop(waiters);
            Loader = new MetadataLoader(scenario.Log, static _ => { });
            var probe = new BrokerProbe(
                new InMemoryNetwork(scenario.Time),
                new Supervisor(new NoProcess()),
                waiters,
                "",
                TimeSpan.Zero,
                enabled: false
            );
            Controller = new ActiveController(
                loop,
                this,
                new ControllerOptions(),
                NoConfigs.Instance,
                new Chance(1),
                probe,
                new NodeLog(scenario.Disk, scenario.Time, "/data/node-log.log")
            );
            scenario.RunBeside("controller", () => loop.RunAsync(static () => long.MaxValue));
        }

        public ActiveController Controller { get; }

        public MetadataLoader Loader { get; }

        public Offset EndOffset { get; private set; } = Offset.Zero;

        public DecidedAppend Append(DecidedMetadata batch)
        {
            Offset start = EndOffset;
            EndOffset += batch.Records.Count;
            return new DecidedAppend(ErrorCode.None, start, EndOffset);
        }

        public ErrorCode TryGetCommitted(out Offset committed)
        {
            committed = Loader.Position;
            return ErrorCode.None;
        }

        public void ReviewCommitted() { }

        public async Task<BrokerRegistrationResponse> RegisterAsync()
        {
            BrokerRegistrationRequest request = new()
            {
                BrokerId = new NodeId(1),
                IncarnationId = new Uuid(1, 1),
                LogDirs = [new Uuid(7, 1)],
            };
            request.Features.Add(
                new()
                {
                    Name = MetadataVersion.FeatureName,
                    MinSupportedVersion = MetadataVersion.Oldest.Level,
                    MaxSupportedVersion = MetadataVersion.Newest.Level,
                }
            );
            return await Controller.DecideAsync(
                (controller, next, now) => controller.RegisterBroker(request, next, now),
                static error => new BrokerRegistrationResponse { ErrorCode = error }
            );
        }
    }

    /// <summary>A process that nothing may halt.</summary>
    private sealed class NoProcess : IProcess
    {
        public void Halt(string reason) => throw new AlarmException("scenario", reason);
    }
}

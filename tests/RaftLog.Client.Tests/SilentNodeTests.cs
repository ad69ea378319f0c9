using RaftLog.Client.Connections;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;

namespace RaftLog.Client.Tests;

/// <summary>A node that accepts a connection and never says a word, not even in the handshake.</summary>
public class SilentNodeTests
{
    [Fact]
    public void Neither_a_calls_deadline_nor_the_end_of_the_connection_waits_for_its_handshake() =>
        OneThread.Run(context =>
        {
            ManualTime time = new();
            InMemoryNetwork network = new(time);
            using IListener silent = network.Listen(new NetworkAddress("silent", 9092));
            ClientOptions options = new() { BootstrapServers = [silent.Address], ConnectTimeout = TimeSpan.FromHours(1) };
            using ClientRuntime runtime = new(options, new ClientWorld(time, network, new FixedEntropy(1)));
            NodeConnection connection = new(silent.Address, runtime);

            Task<RpcConnectResult> hurried = FakeCluster.Start(
                connection.OpenAsync(new CallDeadline(runtime.Waiters, TimeSpan.FromSeconds(1)))
            );
            Task<RpcConnectResult> patient = FakeCluster.Start(
                connection.OpenAsync(new CallDeadline(runtime.Waiters, TimeSpan.FromDays(1)))
            );
            context.Pump();
            time.Advance(TimeSpan.FromSeconds(1));
            context.Pump();
            Assert.True(hurried.IsCompleted);
            Assert.Contains("could not be reached within 1000 ms", hurried.Result.Reason, StringComparison.Ordinal);
            Assert.False(patient.IsCompleted);
            Assert.NotEqual(0, runtime.Supervisor.Running);

            connection.Dispose();
            context.Pump();

            Assert.True(patient.IsCompleted);
            Assert.Contains("is closed", patient.Result.Reason, StringComparison.Ordinal);
            Assert.True(runtime.Supervisor.Running == 0, runtime.Supervisor.Unfinished);
        });
}

using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Client.Serialization;
using RaftLog.Platform;

namespace RaftLog.Client.Hosting;

/// <summary>Adds clients of a Kafka cluster to the services of a host.</summary>
public static class RaftLogServices
{
    /// <summary>Adds the cluster that producers and consumers of the host share. Nothing connects before it is used.</summary>
    /// <param name="services">The services.</param>
    /// <param name="bootstrapServers">Where to ask first: host:port,host:port (bootstrap.servers).</param>
    /// <param name="change">Changes its options, which have the host's logging and metrics.</param>
    /// <exception cref="FormatException">The servers are not of that form.</exception>
    public static IServiceCollection AddRaftLog(
        this IServiceCollection services,
        string bootstrapServers,
        Func<ClientOptions, ClientOptions>? change = null
    )
    {
        ClientOptions options = new() { BootstrapServers = ClientOptions.ParseServers(bootstrapServers) };
        return services.AddRaftLog(provider =>
        {
            ClientOptions hosted = options with
            {
                LoggerFactory = provider.GetService<ILoggerFactory>(),
                MeterFactory = provider.GetService<IMeterFactory>(),
            };
            return new KafkaCluster(change?.Invoke(hosted) ?? hosted);
        });
    }

    /// <summary>Adds the cluster that producers and consumers of the host share, made by a function.</summary>
    public static IServiceCollection AddRaftLog(this IServiceCollection services, Func<IServiceProvider, KafkaCluster> cluster)
    {
        services.TryAddSingleton(static _ => ClientWorld.Real().Time);
        services.TryAddSingleton(cluster);
        return services;
    }

    /// <summary>Adds a producer, as <see cref="Producer{TKey, TValue}"/>. It sends what is left when the host ends.</summary>
    /// <param name="services">The services, to which
    /// <see cref="AddRaftLog(IServiceCollection, string, Func{ClientOptions, ClientOptions}?)"/> has added a cluster.</param>
    /// <param name="options">How it sends.</param>
    /// <param name="keys">Turns keys into bytes; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    /// <param name="values">Turns values into bytes; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    public static IServiceCollection AddRaftLogProducer<TKey, TValue>(
        this IServiceCollection services,
        ProducerOptions? options = null,
        ISerializer<TKey>? keys = null,
        ISerializer<TValue>? values = null
    )
    {
        services.TryAddSingleton(provider => provider.GetRequiredService<KafkaCluster>().CreateProducer(keys, values, options));
        return services;
    }

    /// <summary>Adds a consumer whose records a handler gets as bytes. Every call adds one more.</summary>
    /// <param name="services">The services, to which
    /// <see cref="AddRaftLog(IServiceCollection, string, Func{ClientOptions, ClientOptions}?)"/> has added a cluster.</param>
    /// <param name="options">What it reads, and how.</param>
    /// <exception cref="ArgumentException">The options lack a topic or a group, or do not go together.</exception>
    public static IServiceCollection AddRaftLogConsumer<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler
    >(this IServiceCollection services, ConsumerServiceOptions options)
        where THandler : class, IRecordHandler
    {
        services.TryAddScoped<THandler>();
        return services.AddConsumer(
            options,
            provider =>
                async (record, cancel) =>
                {
                    await using AsyncServiceScope scope = provider.CreateAsyncScope();
                    await scope.ServiceProvider.GetRequiredService<THandler>().HandleAsync(record, cancel);
                }
        );
    }

    /// <summary>
    /// Adds a consumer whose handler gets keys and values that deserializers have read. What cannot be read counts as a handler that
    /// failed.
    /// </summary>
    /// <param name="services">The services, to which
    /// <see cref="AddRaftLog(IServiceCollection, string, Func{ClientOptions, ClientOptions}?)"/> has added a cluster.</param>
    /// <param name="options">What it reads, and how.</param>
    /// <param name="keys">Reads keys; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    /// <param name="values">Reads values; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    /// <exception cref="ArgumentException">The options lack a topic or a group, or do not go together.</exception>
    /// <exception cref="NotSupportedException">A type has no form of its own, and none was given.</exception>
    public static IServiceCollection AddRaftLogConsumer<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler,
        TKey,
        TValue
    >(
        this IServiceCollection services,
        ConsumerServiceOptions options,
        IDeserializer<TKey>? keys = null,
        IDeserializer<TValue>? values = null
    )
        where THandler : class, IRecordHandler<TKey, TValue>
    {
        TypedRecordReader<TKey, TValue> reader = new(keys ?? Serdes.For<TKey>(), values ?? Serdes.For<TValue>());
        services.TryAddScoped<THandler>();
        return services.AddConsumer(
            options,
            provider =>
                async (record, cancel) =>
                {
                    ConsumedRecord<TKey, TValue> read = reader.Read(record);
                    await using AsyncServiceScope scope = provider.CreateAsyncScope();
                    await scope.ServiceProvider.GetRequiredService<THandler>().HandleAsync(read, cancel);
                }
        );
    }

    private static IServiceCollection AddConsumer(
        this IServiceCollection services,
        ConsumerServiceOptions options,
        Func<IServiceProvider, Func<ConsumedRecord, CancellationToken, ValueTask>> handler
    )
    {
        options.Validate();
        return services.AddSingleton<IHostedService>(provider => new ConsumerService(
            provider.GetRequiredService<KafkaCluster>(),
            options,
            handler(provider),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ConsumerService>>()
        ));
    }
}

/* SPDX-License-Identifier: MIT */
/* The ordinary tools, each on a tree in the mount. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* A tree to work on: nested, with a sparse file, odd names and times. */
static void make_tree(const char *dir)
{
	sh("mkdir $1/tree; cd $1/tree; mkdir -p sub/deep empty\n"
	   "for i in $(seq 30); do echo \"file $i\" >sub/f$i; done\n"
	   "head -c 300000 /dev/urandom >random; truncate -s 5M sparse; echo end >>sparse\n"
	   "echo x >'sub/deep/with space'; echo y >\"sub/deep/new\nline\"; ln random sub/linked\n"
	   "chmod 4711 sub/f1; chmod 600 sub/f2; chmod 2750 empty; chown 1000:2000 sub/f3\n"
	   "touch -d '2001-02-03 04:05:06.789' sub/f4 sub/deep\n",
	   dir);
}

/* Names, modes, owners, sizes, links, times and contents of a tree. */
static void describe(const char *tree, const char *to)
{
	sh("cd $1; { find . -type d -printf '%P %y %m %U:%G\n' -o "
	   "-printf '%P %y %m %U:%G %s %n %T@\n' | sort; "
	   "find . -type f -print0 | sort -z | xargs -0r sha256sum; } >$2",
	   tree, to);
}

static void same_trees(const char *a, const char *b)
{
	describe(a, "/run/tree.a");
	describe(b, "/run/tree.b");
	sh("diff -u /run/tree.a /run/tree.b");
}

static void ls_lists(void)
{
	make_tree(MNT);
	make_tree(PLAIN);
	sh("cd $MNT/tree/sub; TZ=UTC ls -lnR --time-style=full-iso . >/run/ls\n"
	   "grep -q '^-rws--x--x  *1 *0 *0 *7 .* f1$' /run/ls\n"
	   "grep -q '^-rw-r--r--  *1 *1000 *2000 *7 .* f3$' /run/ls\n"
	   "grep -q '2001-02-03 .*:06.789000000 .* f4$' /run/ls\n"
	   "grep -q '^-rw-r--r--  *2 *0 *0 *300000 .* linked$' /run/ls");
	sh("test \"$(cd $MNT; ls -R)\" = \"$(cd $PLAIN; ls -R)\"");
}

static void cp_copies_a_tree_with_everything(void)
{
	make_tree(PLAIN);
	sh("cp -a $PLAIN/tree $MNT/copy");
	same_trees(PLAIN "/tree", MNT "/copy");
	sh("cp -a $MNT/copy $MNT/again; cp -a $MNT/again $PLAIN/back");
	same_trees(PLAIN "/tree", MNT "/again");
	same_trees(PLAIN "/tree", PLAIN "/back");
}

static void cp_finds_and_makes_holes(void)
{
	sh("cd $MNT; truncate -s 20M holes; echo data >>holes\n"
	   "cp --sparse=always holes copy; cp --sparse=auto holes auto; cp --reflink=auto holes "
	   "ref\n"
	   "cmp holes copy; cmp holes auto; cmp holes ref\n"
	   "test $(du -k copy | cut -f1) -lt 1000; test $(du -k auto | cut -f1) -lt 1000");
}

static void mv_moves_trees_in_and_out(void)
{
	make_tree(PLAIN);
	sh("cp -a $PLAIN/tree $PLAIN/kept; mv $PLAIN/tree $MNT/; mv $MNT/tree $MNT/moved");
	same_trees(PLAIN "/kept", MNT "/moved");
	sh("mv $MNT/moved/sub/f1 $MNT/; mv $MNT/f1 $MNT/moved/sub/; mv $MNT/moved $PLAIN/out");
	same_trees(PLAIN "/kept", PLAIN "/out");
	has_names(SHM, "");
}

static void rm_removes_trees(void)
{
	make_tree(MNT);
	sh("rm -r $MNT/tree");
	has_names(SHM, "");
}

static void ln_makes_hard_links_only(void)
{
	sh("cd $MNT; echo text >a; ln a b; test $(stat -c %h b) = 2; ! ln -s a c 2>/run/err\n"
	   "grep -q 'Operation not permitted' /run/err; ln -f b a");
}

static void rsync_copies_once(void)
{
	make_tree(PLAIN);
	sh("rsync -aHS $PLAIN/tree/ $MNT/copy/");
	same_trees(PLAIN "/tree", MNT "/copy");
	sh("test -z \"$(rsync -aHSi $PLAIN/tree/ $MNT/copy/)\"");
	sh("test -z \"$(rsync -aHSi --checksum $MNT/copy/ $PLAIN/tree/)\"");
	sh("echo changed >>$PLAIN/tree/sub/f7; rm $PLAIN/tree/sub/f8\n"
	   "rsync -aHS --inplace --delete $PLAIN/tree/ $MNT/copy/");
	same_trees(PLAIN "/tree", MNT "/copy");
}

static void tar_packs_and_unpacks(void)
{
	make_tree(PLAIN);
	sh("cd $PLAIN; tar --format=posix -cSf $MNT/t.tar tree; cd $MNT; tar xpf t.tar");
	same_trees(PLAIN "/tree", MNT "/tree");
	sh("cd $MNT; mkdir $PLAIN/back\n"
	   "tar --format=posix -cf - tree | tar -xpf - -C $PLAIN/back; tar -df t.tar");
	same_trees(PLAIN "/tree", PLAIN "/back/tree");
}

static void dd_reads_and_writes_blocks(void)
{
	sh("cd $MNT; head -c 1000000 /dev/urandom >$PLAIN/r\n"
	   "dd if=$PLAIN/r of=a bs=7777 status=none; cmp a $PLAIN/r\n"
	   "dd if=a of=$PLAIN/b bs=1M iflag=fullblock status=none; cmp a $PLAIN/b\n"
	   "dd if=/dev/zero of=a bs=1 seek=10 count=5 conv=notrunc,fsync status=none\n"
	   "test $(stat -c %s a) = 1000000\n"
	   "dd if=a of=c bs=4096 count=2 oflag=append conv=notrunc status=none");
}

static void install_sets_mode_and_owner(void)
{
	sh("cd $MNT; install -D -m 4750 -o 1000 -g 2000 /bin/true bin/sub/true\n"
	   "test \"$(stat -c '%a %u %g' bin/sub/true)\" = '4750 1000 2000'; bin/sub/true");
}

static void sed_edits_in_place(void)
{
	sh("cd $MNT; printf 'one\\ntwo\\n' >a; chmod 640 a; sed -i s/two/2/ a\n"
	   "test \"$(cat a)\" = \"$(printf 'one\\n2')\"; test $(stat -c %a a) = 640; test "
	   "\"$(ls)\" = a");
}

static void truncate_touch_chmod_chown_change(void)
{
	sh("cd $MNT; truncate -s 12345 a; test $(stat -c %s a) = 12345; truncate -s -345 a\n"
	   "test $(stat -c %s a) = 12000; touch -d '1999-12-31 23:59:59.123456789 UTC' a\n"
	   "test $(stat -c %.9Y a) = 946684799.123456789; chmod u=rw,g=,o=t a; chmod +x a\n"
	   "mkdir d; touch d/x; chown -R 1000:1000 d; chmod -R go= d\n"
	   "test \"$(stat -c '%u %g %a' d/x)\" = '1000 1000 600'; touch -r a b; test ! a -nt b");
}

static void find_du_and_df_agree_with_the_objects(void)
{
	make_tree(MNT);
	sh("test $(find $MNT -type f -printf x | wc -c) = 35\n"
	   "test $(find $MNT -type d -printf x | wc -c) = 5\n"
	   "test $(find $MNT -perm 4711 -printf x) = x\n"
	   "test $(find $MNT -samefile $MNT/tree/random -printf x) = xx\n"
	   "test $(du -s --block-size=1 $MNT | cut -f1) = $(du -s --block-size=1 $SHM | cut -f1)\n"
	   "columns=size,used,avail,itotal,iused\n"
	   "test \"$(df --output=$columns $MNT)\" = \"$(df --output=$columns $SHM)\"");
}

static void tail_follows_native_appends(void)
{
	pid_t tail;

	put(SHM "/log", "first\n");
	CHILD (tail) {
		ok(dup2(ok(open("/run/tailed", O_WRONLY | O_CREAT, 0600)), STDOUT_FILENO));
		execlp("tail", "tail", "-s0.05", "-n+1", "-f", MNT "/log", (char *)NULL);
		_exit(127);
	}
	wait_until (exists("/run/tailed") && stat_of("/run/tailed").st_size == 6)
		;
	sh("echo second >>$SHM/log");
	wait_until (stat_of("/run/tailed").st_size == 13)
		;
	sh("echo third >>$MNT/log");
	wait_until (stat_of("/run/tailed").st_size == 19)
		;
	ok(kill(tail, SIGKILL));
	ok(waitpid(tail, NULL, 0));
}

/* The names of git's own objects are long: a short mount directory is kind. */
static void git_works_in_the_mount(void)
{
	sh("export HOME=/run GIT_CONFIG_NOSYSTEM=1; cd /run; git config --global user.name n\n"
	   "git config --global user.email e@x; git config --global init.defaultBranch main\n"
	   "mkdir $PLAIN/origin; cd $PLAIN/origin; git init -q; seq 1000 >a; mkdir d; echo b >d/b\n"
	   "git add .; git commit -qm one; seq 2000 >a; git commit -qam two\n"
	   "git clone -q $PLAIN/origin $MNT/clone; cd $MNT/clone; git fsck --strict >&2\n"
	   "test -z \"$(git status --porcelain)\"; echo c >c; git add c; git commit -qm three\n"
	   "git gc -q; git checkout -q HEAD~1; git checkout -q main; git push -q origin "
	   "HEAD:pushed\n"
	   "test $(git -C $PLAIN/origin rev-parse pushed) = $(git rev-parse HEAD)\n"
	   "cmp a $PLAIN/origin/a");
}

static void sqlite_meets_itself_on_both_sides(void)
{
	static const char *const paths[] = { MNT "/db", SHM "/db" };
	pid_t pids[4];

	sh("sqlite3 $MNT/db 'create table t(side, n); create table c(n); insert into c values(0)'");
	for (int i = 0; i < 4; i++)
		CHILD (pids[i])
			sh("for n in $(seq 25); do sqlite3 -cmd '.timeout 30000' $1 \""
			   "begin immediate; insert into t values($$, $n);"
			   "update c set n = n + 1; commit\"; done",
			   paths[i % 2]);
	for (int i = 0; i < 4; i++)
		ends_well(pids[i]);
	sh("test \"$(sqlite3 $SHM/db 'select count(*), (select n from c) from t')\" = '100|100'\n"
	   "test \"$(sqlite3 $MNT/db 'pragma integrity_check')\" = ok");
}

/* With a write-ahead log, SQLite shares an index in a MAP_SHARED mapping. */
static void sqlite_shares_its_wal_index(void)
{
	sh("test \"$(sqlite3 $MNT/db 'pragma journal_mode=wal')\" = wal\n"
	   "sqlite3 $MNT/db 'create table t(n)'\n"
	   "for n in $(seq 20); do\n"
	   "sqlite3 -cmd '.timeout 30000' $SHM/db \"insert into t values($n)\" &\n"
	   "sqlite3 -cmd '.timeout 30000' $MNT/db \"insert into t values(-$n)\"; wait; done\n"
	   "test \"$(sqlite3 $SHM/db 'select count(*), sum(n) from t')\" = '40|0'");
}

static void gcc_compiles_in_the_mount(void)
{
	sh("cd $MNT; mkdir src; echo 'int f(void); int main(void) { return f(); }' >src/m.c\n"
	   "echo 'int f(void) { return 42; }' >src/f.c; cd src; TMPDIR=$MNT gcc -g -c m.c f.c\n"
	   "ar rcs libf.a f.o; gcc -o m m.o libf.a; if ./m; then exit 1; else test $? = 42; fi");
}

/* A program that reads the object as POSIX has it. */
static char *sha256_by_shm_open(const char *name)
{
	int fd = ok(shm_open(name, O_RDONLY, 0));
	size_t size = (size_t)fstat_of(fd).st_size;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	g_assert_true(map != MAP_FAILED);
	return g_compute_checksum_for_data(G_CHECKSUM_SHA256, map, size);
}

static void a_large_file_is_read_back_by_shm_open(void)
{
	g_autofree char *path = sh_output("find -L /usr/lib /usr/bin -xdev -type f -size +8M "
					  "2>/dev/null | head -n 1 | tr -d '\\n'");
	g_autofree char *expected = NULL, *got = NULL;

	if (!*path)
		skip_test("no file of 8 MiB below /usr/lib and /usr/bin");
	sh("cp $1 $MNT/big", path);
	expected = sh_output("sha256sum <$1 | cut -d' ' -f1 | tr -d '\\n'", path);
	got = sha256_by_shm_open("/big");
	g_assert_cmpstr(got, ==, expected);
}

static const struct mount_test tests[] = {
	{ TEST(ls_lists) },
	{ TEST(cp_copies_a_tree_with_everything) },
	{ TEST(cp_finds_and_makes_holes) },
	{ TEST(mv_moves_trees_in_and_out) },
	{ TEST(rm_removes_trees) },
	{ TEST(ln_makes_hard_links_only) },
	{ TEST(rsync_copies_once), .needs = "rsync" },
	{ TEST(tar_packs_and_unpacks) },
	{ TEST(dd_reads_and_writes_blocks) },
	{ TEST(install_sets_mode_and_owner) },
	{ TEST(sed_edits_in_place) },
	{ TEST(truncate_touch_chmod_chown_change) },
	{ TEST(find_du_and_df_agree_with_the_objects) },
	{ TEST(tail_follows_native_appends) },
	{ TEST(git_works_in_the_mount), .needs = "git" },
	{ TEST(sqlite_meets_itself_on_both_sides), .needs = "sqlite3" },
	{ TEST(sqlite_shares_its_wal_index), ONLY_PASSTHROUGH, .needs = "sqlite3" },
	{ TEST(gcc_compiles_in_the_mount), .needs = "gcc" },
	{ TEST(a_large_file_is_read_back_by_shm_open) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "tools", tests, G_N_ELEMENTS(tests));
}
